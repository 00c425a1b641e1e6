/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use url::Url;

use crate::serve::{Request, Response};

/// The largest file that is served. Answers are held in memory as a whole.
const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// A directory whose files are served, and nothing outside of it: neither `..` nor a symbolic link leads out.
#[derive(Clone, Debug)]
pub struct Directory {
    root: PathBuf,
}

impl Directory {
    /// Serve the files under `path`, which must exist.
    pub fn new(path: impl AsRef<Path>) -> io::Result<Self> {
        let root = fs::canonicalize(path)?;
        if !root.is_dir() {
            return Err(io::Error::from(io::ErrorKind::NotADirectory));
        }
        Ok(Self { root })
    }

    /// The directory, without symbolic links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file that the path of `url` names, or 404. The query is ignored; a path that ends in a slash
    /// means `index.html`.
    pub fn respond(&self, request: &Request) -> Response {
        if request.method != "GET" && request.method != "HEAD" {
            return Response::text("Only GET and HEAD\n")
                .status(405)
                .header("Allow", "GET, HEAD");
        }
        let Some(path) = self.resolve(&request.url) else {
            return Response::not_found();
        };
        file_response(&path)
    }

    fn resolve(&self, url: &Url) -> Option<PathBuf> {
        let mut path = self.root.clone();
        let mut segments = url.path_segments()?.peekable();
        while let Some(segment) = segments.next() {
            let is_last = segments.peek().is_none();
            if segment.is_empty() && is_last {
                path.push("index.html");
                break;
            }
            path.push(file_name(segment)?);
        }
        let path = fs::canonicalize(path).ok()?;
        path.starts_with(&self.root).then_some(path)
    }
}

/// Decode one segment of a URL's path; `None` if it is not the plain name of a file.
fn file_name(segment: &str) -> Option<OsString> {
    let bytes: Vec<u8> = percent_decode_str(segment).collect();
    if bytes.is_empty() || bytes == b"." || bytes == b".." {
        return None;
    }
    if bytes
        .iter()
        .any(|byte| matches!(byte, b'/' | b'\\' | b'\0'))
    {
        return None;
    }
    os_string(bytes)
}

#[cfg(unix)]
fn os_string(bytes: Vec<u8>) -> Option<OsString> {
    use std::os::unix::ffi::OsStringExt;
    Some(OsString::from_vec(bytes))
}

#[cfg(not(unix))]
fn os_string(bytes: Vec<u8>) -> Option<OsString> {
    let name = String::from_utf8(bytes).ok()?;
    // A drive or an alternate stream.
    (!name.contains(':')).then(|| name.into())
}

/// The contents of `path` with the MIME type of its extension; 404 if it cannot be read.
pub fn file_response(path: &Path) -> Response {
    match read(path) {
        Ok(Some(bytes)) => Response::new(content_type(path), bytes),
        Ok(None) => Response::text("The file is too large to be served\n").status(413),
        Err(_) => Response::not_found(),
    }
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let metadata = fs::metadata(path)?;
    // Reading a pipe or a device could take for ever.
    if !metadata.is_file() {
        return Err(io::Error::from(io::ErrorKind::NotFound));
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    // The file may have grown in the meantime.
    File::open(path)?
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= MAX_FILE_BYTES).then_some(bytes))
}

/// The MIME type that goes with the extension of `path`.
pub fn content_type(path: &Path) -> &'static str {
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .map(str::to_ascii_lowercase)
        .unwrap_or_default();
    match extension.as_str() {
        // Modules are refused unless their type is a JavaScript one.
        "js" | "mjs" | "cjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "wasm" => "application/wasm",
        "html" | "htm" => "text/html; charset=utf-8",
        "xhtml" | "xht" => "application/xhtml+xml",
        "css" => "text/css; charset=utf-8",
        "txt" | "md" | "log" => "text/plain; charset=utf-8",
        "xml" => "application/xml",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "pdf" => "application/pdf",
        _ => "application/octet-stream",
    }
}
