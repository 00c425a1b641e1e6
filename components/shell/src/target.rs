/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};

use direct_sockets_webview::Url;

use crate::named_demo::NamedDemo;

/// What to run.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Target {
    /// The demonstration.
    Demo,
    /// One of the others.
    NamedDemo(NamedDemo),
    /// A module in a file.
    Script(PathBuf),
    /// A page in a file.
    Page(PathBuf),
    /// A page from anywhere else.
    Url(Url),
}

/// What a TARGET looks like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Script,
    Page,
    Url,
}

impl Kind {
    pub(crate) fn is_script(self) -> bool {
        self == Self::Script
    }
}

impl Target {
    /// Tell by its look what `target` is.
    pub(crate) fn kind(target: &OsStr) -> Option<Kind> {
        if url_of(target).is_some() {
            return Some(Kind::Url);
        }
        let extension = Path::new(target)
            .extension()?
            .to_str()?
            .to_ascii_lowercase();
        match extension.as_str() {
            "js" | "mjs" => Some(Kind::Script),
            "html" | "htm" | "xhtml" | "xht" => Some(Kind::Page),
            _ => None,
        }
    }

    /// The same for a file that can be read. The error is one line.
    pub(crate) fn of(target: &OsStr) -> Result<Self, String> {
        let shown = target.to_string_lossy();
        if let Some(demo) = NamedDemo::ALL.into_iter().find(|demo| demo.name() == shown) {
            return Ok(Self::NamedDemo(demo));
        }
        let kind = Self::kind(target).ok_or_else(|| {
            let demos = NamedDemo::ALL.map(NamedDemo::name).join(", ");
            format!(
                "{shown}: not a script (.js, .mjs), a page (.html), a URL or a demonstration ({demos})"
            )
        })?;
        let path = PathBuf::from(target);
        match kind {
            Kind::Url => url_of(target)
                .map(Self::Url)
                .ok_or_else(|| format!("{shown}: not a URL")),
            Kind::Script => readable(&path).map(|()| Self::Script(path)),
            Kind::Page => readable(&path).map(|()| Self::Page(path)),
        }
    }
}

/// A URL has a scheme that a webview can load. `C:\x.js` has not.
fn url_of(target: &OsStr) -> Option<Url> {
    let url = Url::parse(target.to_str()?).ok()?;
    matches!(
        url.scheme(),
        "http" | "https" | "data" | "about" | "file" | "blob"
    )
    .then_some(url)
}

fn readable(path: &Path) -> Result<(), String> {
    let problem = match File::open(path).and_then(|file| file.metadata()) {
        Ok(metadata) if metadata.is_file() => return Ok(()),
        Ok(_) => "not a file".to_owned(),
        // Without the number of the error, which says nothing to people.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "no such file".to_owned(),
        Err(error) => error.to_string(),
    };
    Err(format!("{}: {problem}", path.display()))
}
