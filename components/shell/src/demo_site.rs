/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The files of the demonstrations, which are part of the executable.

use direct_sockets_webview::{Request, Response, WebViewBuilder};

use crate::options::Options;

/// Where they are served: a name that is reserved for such things (RFC 6761).
pub(crate) const ORIGIN: &str = "https://demo.direct-sockets.test";

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../resources/demo/", $name)))),*]
    };
}

const FILES: &[(&str, &str)] = files![
    "demo.css",
    "demo.js",
    "http-server.html",
    "http-server.js",
    "index.html",
    "udp-echo-server.html",
    "udp-echo-server.js",
    "udp-echo.html",
    "udp-echo.js",
];

/// Serve them, with the header that the user asked for.
pub(crate) fn serve(builder: WebViewBuilder, options: &Options) -> WebViewBuilder {
    let policy = options.permissions_policy.clone();
    builder.serve(ORIGIN, move |request| {
        let response = respond(request);
        match &policy {
            Some(policy) => response.header("Permissions-Policy", policy.as_str()),
            None => response,
        }
    })
}

fn respond(request: &Request) -> Response {
    let name = match request.url.path() {
        "/" => "index.html",
        path => path.trim_start_matches('/'),
    };
    let Some((_, text)) = FILES.iter().find(|(file, _)| *file == name) else {
        return Response::not_found();
    };
    match name.rsplit('.').next() {
        Some("html") => Response::html(*text),
        Some("js") => Response::javascript(*text),
        _ => Response::new("text/css; charset=utf-8", *text),
    }
}
