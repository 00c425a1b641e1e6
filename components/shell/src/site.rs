/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The origin under which a file and its folder are served.

use std::path::{Path, PathBuf};

use direct_sockets_webview::{Directory, Request, Response, Url, file_response};

use crate::run::Failure;

/// A name that is reserved for such things (RFC 6761), so that no server has it. A secure context, being https.
pub(crate) const ORIGIN: &str = "https://shell.direct-sockets.test";

/// A file that the user named, and the folder around it.
pub(crate) struct Site {
    file: PathBuf,
    name: String,
    folder: Directory,
}

impl Site {
    pub(crate) fn of(file: &Path) -> Result<Self, Failure> {
        let problem = |text: String| Failure::Usage(format!("{}: {text}", file.display()));
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(|| problem("the name is not text in UTF-8".to_owned()))?
            .to_owned();
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        Ok(Self {
            file: file.to_owned(),
            name,
            folder: Directory::new(folder).map_err(|error| problem(error.to_string()))?,
        })
    }

    /// The name of the file.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Where the file is served.
    pub(crate) fn file_url(&self) -> Result<Url, Failure> {
        let broken = || Failure::Failed(format!("{ORIGIN} is not an origin"));
        let mut url = Url::parse(ORIGIN).map_err(|_| broken())?;
        url.path_segments_mut()
            .map_err(|()| broken())?
            .pop_if_empty()
            .push(&self.name);
        Ok(url)
    }

    /// The file, also where it is a symbolic link that leads out of its folder; else what the folder has.
    pub(crate) fn respond(&self, request: &Request) -> Response {
        let is_file = self
            .file_url()
            .is_ok_and(|url| url.path() == request.url.path());
        if is_file && matches!(request.method.as_str(), "GET" | "HEAD") {
            return file_response(&self.file);
        }
        self.folder.respond(request)
    }
}
