/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Runs a page, from a file or from anywhere.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use direct_sockets_webview::{Directory, Url, WebView, WebViewBuilder};

use crate::options::Options;
use crate::output::Output;
use crate::run::{self, Console, Failure, Session};
use crate::site;

/// How long to wait for a page's answer to whether it is there.
const LOAD_CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// A page in a file, under an origin of its own that serves the file's folder.
pub(crate) fn run_file(options: &Options, path: &Path, session: &Session) -> Result<(), Failure> {
    let site = site::Site::of(path)?;
    let url = site.file_url()?;
    let policy = options.permissions_policy.clone();
    let page = url.clone();
    let builder = run::builder(options)?.serve(site::ORIGIN, move |request| {
        let response = site.respond(request);
        match &policy {
            // Frames come without it, unless they are the page itself.
            Some(policy) if request.url.path() == page.path() => {
                response.header("Permissions-Policy", policy.as_str())
            },
            _ => response,
        }
    });
    run(options, builder, &url, session)
}

/// A page from anywhere else. The shell does not serve it, so it may not use sockets unless a preference says so.
pub(crate) fn run_url(options: &Options, url: &Url, session: &Session) -> Result<(), Failure> {
    run(options, run::builder(options)?, url, session)
}

fn run(
    options: &Options,
    builder: WebViewBuilder,
    url: &Url,
    session: &Session,
) -> Result<(), Failure> {
    check_screenshot(options)?;
    let output = Rc::new(Output::default());
    let console = Rc::new(Console {
        output: output.clone(),
    });
    let webview = session.build(builder.url(url.as_str()).delegate(console))?;
    session.run_until(&webview, &output, || {
        webview.is_closed() || webview.is_loaded()
    })?;
    if let Some(reason) = load_error(&webview, session) {
        return Err(Failure::Failed(format!("cannot load {url}: {reason}")));
    }
    if !options.exit && options.screenshot.is_none() {
        session.run_until(&webview, &output, || webview.is_closed())?;
    }
    if options.screenshot.is_some() {
        if webview.is_closed() {
            return Err(Failure::Failed(
                "the page closed itself before it was drawn".to_owned(),
            ));
        }
        run::take_screenshot(options, &webview)?;
    }
    run::drain(&webview);
    Ok(())
}

/// Why there is no page. Servo shows a page of its own instead and does not tell otherwise; the texts are those of
/// the version that is embedded here.
fn load_error(webview: &WebView, session: &Session) -> Option<String> {
    const SCRIPT: &str = "
        const text = document.body?.children.length <= 2 ? document.body.textContent.trim() : '';
        const begin = 'Could not load the requested page: ';
        if (document.title === 'Error loading page' && text.startsWith(begin)) return text.slice(begin.length);
        const buttons = document.getElementById('leave') && document.getElementById('allow');
        if (document.title === 'Certificate error' && buttons) return 'its certificate is not valid';
        return null;";
    if webview.is_closed() {
        return None;
    }
    // A page that is too busy to answer has been loaded.
    let answer = webview.evaluate_async(SCRIPT, session.patience(LOAD_CHECK_TIMEOUT));
    answer.ok()?.as_str().map(|reason| reason.trim().to_owned())
}

/// Tell early that the picture could not be written.
pub(crate) fn check_screenshot(options: &Options) -> Result<(), Failure> {
    let Some(path) = &options.screenshot else {
        return Ok(());
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    match Directory::new(&folder) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::Usage(format!(
            "--screenshot {}: {error}",
            path.display()
        ))),
    }
}
