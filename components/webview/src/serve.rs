/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Pages without a server: the application answers what the page asks for, under any http or https
//! origin that it likes. Nothing is sent over the network, and no certificate is needed.

use std::collections::HashMap;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use servo::{WebResourceLoad, WebResourceRequest, WebResourceResponse};
use url::Url;

use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::origins::web_origin;

/// What a page asks for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request {
    /// `GET`, `POST` ...
    pub method: String,
    /// The whole URL.
    pub url: Url,
    /// The headers, in the order of Servo's map; values that are not text are left out.
    pub headers: Vec<(String, String)>,
    /// The [destination] of the request: `document`, `script`, `worker`, `iframe`, empty for `fetch()` ...
    ///
    /// [destination]: https://fetch.spec.whatwg.org/#concept-request-destination
    pub destination: &'static str,
    /// Whether this is the page itself, not something that it loads.
    pub is_for_main_frame: bool,
}

impl Request {
    pub(crate) fn new(request: &WebResourceRequest) -> Self {
        Self {
            method: request.method.as_str().to_owned(),
            url: request.url.clone(),
            headers: request
                .headers
                .iter()
                .filter_map(|(name, value)| {
                    Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
                })
                .collect(),
            destination: request.destination.as_str(),
            is_for_main_frame: request.is_for_main_frame,
        }
    }

    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// An answer to a [`Request`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Response {
    /// `body` with status 200 and this MIME type.
    pub fn new(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
            body: body.into(),
        }
    }

    /// A page.
    pub fn html(body: impl Into<Vec<u8>>) -> Self {
        Self::new("text/html; charset=utf-8", body)
    }

    /// A script, module or not.
    pub fn javascript(body: impl Into<Vec<u8>>) -> Self {
        Self::new("text/javascript; charset=utf-8", body)
    }

    /// Plain text.
    pub fn text(body: impl Into<Vec<u8>>) -> Self {
        Self::new("text/plain; charset=utf-8", body)
    }

    /// Status 404 with a word about it.
    pub fn not_found() -> Self {
        Self::text("Not found\n").status(404)
    }

    /// The same with another status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same with one more header. One that HTTP cannot express makes the answer a status 500.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The status.
    pub fn status_code(&self) -> u16 {
        self.status
    }

    /// The value of the first header of that name.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    fn checked_headers(headers: &[(String, String)]) -> std::result::Result<HeaderMap, String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let header = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| format!("`{name}` is not the name of a header"))?;
            let value = HeaderValue::from_bytes(value.as_bytes())
                .map_err(|_| format!("the header `{name}` cannot have that value"))?;
            map.append(header, value);
        }
        Ok(map)
    }

    fn send(mut self, load: WebResourceLoad) {
        let (headers, status) = match (
            Self::checked_headers(&self.headers),
            StatusCode::from_u16(self.status),
        ) {
            (Ok(headers), Ok(status)) => (headers, status),
            (Err(reason), _) => {
                log::error!("{}: {reason}", load.request().url);
                self.body = format!("{reason}\n").into_bytes();
                (HeaderMap::new(), StatusCode::INTERNAL_SERVER_ERROR)
            },
            (_, Err(_)) => {
                log::error!("{}: {} is not a status", load.request().url, self.status);
                (HeaderMap::new(), StatusCode::INTERNAL_SERVER_ERROR)
            },
        };
        let response = WebResourceResponse::new(load.request().url.clone())
            .headers(headers)
            .status_message(
                status
                    .canonical_reason()
                    .unwrap_or_default()
                    .as_bytes()
                    .to_vec(),
            )
            .status_code(status);
        let without_body = load.request().method == http::Method::HEAD;
        let mut intercepted = load.intercept(response);
        if !without_body && !self.body.is_empty() {
            intercepted.send_body_data(self.body);
        }
        intercepted.finish();
    }
}

/// One page under its URL.
#[derive(Clone)]
pub(crate) struct Page {
    url: Url,
    response: Response,
}

type Handler = Box<dyn Fn(&Request) -> Response>;

#[derive(Default)]
struct Site {
    pages: Vec<Page>,
    handler: Option<Handler>,
    directory: Option<Directory>,
}

impl Site {
    fn respond(&self, request: &Request) -> Response {
        let mut url = request.url.clone();
        url.set_fragment(None);
        if let Some(page) = self.pages.iter().find(|page| page.url == url) {
            return page.response.clone();
        }
        if let Some(handler) = &self.handler {
            return handler(request);
        }
        match &self.directory {
            Some(directory) => directory.respond(request),
            None => Response::not_found(),
        }
    }
}

/// Everything that the application serves, by origin.
#[derive(Default)]
pub(crate) struct Router {
    sites: HashMap<String, Site>,
}

impl Router {
    pub(crate) fn origins(&self) -> impl Iterator<Item = &str> {
        self.sites.keys().map(String::as_str)
    }

    pub(crate) fn add_handler(&mut self, origin: &str, handler: Handler) -> Result<()> {
        let origin = web_origin("serve", origin)?;
        self.sites.entry(origin).or_default().handler = Some(handler);
        Ok(())
    }

    pub(crate) fn add_directory(&mut self, origin: &str, directory: Directory) -> Result<()> {
        let origin = web_origin("serve_directory", origin)?;
        self.sites.entry(origin).or_default().directory = Some(directory);
        Ok(())
    }

    pub(crate) fn add_page(
        &mut self,
        url: &str,
        html: String,
        headers: &[(&str, &str)],
    ) -> Result<()> {
        let invalid = |reason: String| Error::InvalidOption {
            option: "serve_page",
            value: url.to_owned(),
            reason,
        };
        let mut parsed =
            Url::parse(url).map_err(|error| invalid(format!("is not a URL: {error}")))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(invalid("is not an http or https URL".to_owned()));
        }
        parsed.set_fragment(None);
        let mut response = Response::html(html);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        Response::checked_headers(&response.headers).map_err(invalid)?;
        let site = self
            .sites
            .entry(parsed.origin().ascii_serialization())
            .or_default();
        site.pages.retain(|page| page.url != parsed);
        site.pages.push(Page {
            url: parsed,
            response,
        });
        Ok(())
    }

    /// Answer `load` if its origin is served here; leave it to Servo otherwise.
    pub(crate) fn handle(&self, request: &Request, load: WebResourceLoad) {
        if let Some(site) = self.sites.get(&request.url.origin().ascii_serialization()) {
            site.respond(request).send(load);
        }
    }
}
