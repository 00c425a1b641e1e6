/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Pages that the application serves itself.

use std::cell::RefCell;
use std::fs;
use std::rc::Rc;

use direct_sockets_webview::{Directory, Request, Response, Url, content_type};

use crate::harness::{
    self, ORIGIN, PATIENCE, TestResult, ask, ask_text, builder, ensure, open_with, same, text,
};

harness::tests! {
    both: [
        a_handler_answers_everything_of_its_origin,
        a_directory_is_served_and_nothing_else,
    ],
    single: [
        a_page_has_its_headers,
        a_page_is_told_from_others_by_its_query,
        a_handler_sees_method_headers_and_destination,
        an_invalid_header_is_a_status_500,
        head_has_no_body,
        two_origins_are_apart,
        blob_urls_are_left_alone,
        content_types_go_with_extensions,
        served_pages_are_secure_contexts,
    ]
}

fn a_handler_answers_everything_of_its_origin() -> TestResult {
    let webview = builder()
        .serve(ORIGIN, |request| match request.url.path() {
            "/" => Response::html("<script src='a.js'></script><iframe src='frame.html'></iframe>"),
            "/a.js" => Response::javascript("globalThis.a = 1;"),
            "/frame.html" => Response::html("<p>frame</p>"),
            "/worker.js" => Response::javascript(
                "importScripts('b.js'); import('./c.mjs').then((c) => postMessage(b + c.c));",
            ),
            "/b.js" => Response::javascript("var b = 2;"),
            "/c.mjs" => Response::javascript("export const c = 3;"),
            "/data" => Response::new("application/json", "{\"d\": 4}"),
            _ => Response::not_found(),
        })
        .url(format!("{ORIGIN}/"))
        .build()
        .map_err(text)?;
    webview.wait_for_load(PATIENCE).map_err(text)?;
    let got = ask_text(
        &webview,
        "const worker = new Worker('worker.js');
         const sum = await new Promise((resolve) => { worker.onmessage = (event) => resolve(event.data); });
         const { d } = await (await fetch('data')).json();
         const { status } = await fetch('nothing');
         const frame = frames[0].document.body.textContent;
         return [a, sum, d, status, frame].join();",
    )?;
    same("what the page got", got.as_str(), "1,5,4,404,frame")
}

fn a_directory_is_served_and_nothing_else() -> TestResult {
    let outside = tempfile::tempdir().map_err(text)?;
    fs::write(outside.path().join("secret.txt"), "secret").map_err(text)?;
    let root = outside.path().join("root");
    fs::create_dir_all(root.join("sub dir")).map_err(text)?;
    for (name, contents) in [
        ("index.html", "<p>index</p>"),
        ("x.mjs", "export const x = 1;"),
        ("sub dir/ü.txt", "umlaut"),
    ] {
        fs::write(root.join(name), contents).map_err(text)?;
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outside.path().join("secret.txt"), root.join("link.txt"))
            .map_err(text)?;
        std::os::unix::fs::symlink(outside.path(), root.join("up")).map_err(text)?;
        std::os::unix::fs::symlink(root.join("x.mjs"), root.join("inner.mjs")).map_err(text)?;
    }
    let webview = builder()
        .serve_directory(ORIGIN, &root)
        .url(format!("{ORIGIN}/"))
        .build()
        .map_err(text)?;
    webview.wait_for_load(PATIENCE).map_err(text)?;
    let got = ask_text(
        &webview,
        "const { x } = await import('./x.mjs?with=query');
         const { x: y } = await import('./inner.mjs');
         const text = await (await fetch('/sub%20dir/%C3%BC.txt')).text();
         return [document.body.textContent.trim(), x, y, text].join();",
    )?;
    same("what the page got", got.as_str(), "index,1,1,umlaut")?;
    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/sub%20dir/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "/link.txt",
        "/up/secret.txt",
        "/x.mjs%00.txt",
        "/sub%20dir",
        "/x.mjs/",
    ] {
        let status = ask(&webview, &format!("return (await fetch({path:?})).status;"))?;
        same(path, status.as_f64(), Some(404.0))?;
    }
    let status = ask(
        &webview,
        "return (await fetch('/x.mjs', { method: 'POST' })).status;",
    )?;
    same("POST", status.as_f64(), Some(405.0))
}

fn a_page_has_its_headers() -> TestResult {
    let webview = builder()
        .serve_page(
            &format!("{ORIGIN}/p"),
            "<p>page</p>",
            &[("X-One", "first"), ("Referrer-Policy", "no-referrer")],
        )
        .url(format!("{ORIGIN}/p#fragment"))
        .build()
        .map_err(text)?;
    webview.wait_for_load(PATIENCE).map_err(text)?;
    let got = ask_text(
        &webview,
        "const response = await fetch('/p');
         return response.headers.get('x-one') + ' ' + response.headers.get('content-type');",
    )?;
    same("headers", got.as_str(), "first text/html; charset=utf-8")
}

fn a_page_is_told_from_others_by_its_query() -> TestResult {
    let webview = open_with(
        builder()
            .serve_page(&format!("{ORIGIN}/?a"), "<p>a</p>", &[])
            .serve_page(&format!("{ORIGIN}/?b"), "<p>b</p>", &[]),
        "<p>none</p>",
    )?;
    let got = ask_text(
        &webview,
        "const texts = await Promise.all(['?a', '?b', '', '?c'].map(async (query) => {
             const response = await fetch('/' + query);
             return response.ok ? (await response.text()) : response.status;
         }));
         return texts.join();",
    )?;
    same(
        "what the page got",
        got.as_str(),
        "<p>a</p>,<p>b</p>,<p>none</p>,404",
    )
}

fn a_handler_sees_method_headers_and_destination() -> TestResult {
    let seen: Rc<RefCell<Vec<Request>>> = Rc::default();
    let log = seen.clone();
    let webview = builder()
        .serve(ORIGIN, move |request| {
            log.borrow_mut().push(request.clone());
            Response::html("<script src='/s.js'></script>")
        })
        .url(format!("{ORIGIN}/"))
        .build()
        .map_err(text)?;
    webview.wait_for_load(PATIENCE).map_err(text)?;
    ask(
        &webview,
        "await fetch('/f?q=1', { method: 'PUT', headers: { 'X-Mine': 'yes' } });",
    )?;
    let seen = seen.borrow();
    let find = |path: &str| {
        seen.iter()
            .find(|request| request.url.path() == path)
            .ok_or(format!("{path} was not asked for"))
    };
    let page = find("/")?;
    same(
        "the page",
        (page.method.as_str(), page.destination),
        ("GET", "document"),
    )?;
    ensure(page.is_for_main_frame, "the page is not the main frame")?;
    same("the script", find("/s.js")?.destination, "script")?;
    let fetched = find("/f")?;
    same(
        "fetch",
        (fetched.method.as_str(), fetched.destination),
        ("PUT", ""),
    )?;
    same("the query", fetched.url.query(), Some("q=1"))?;
    same("the header", fetched.header("x-mine"), Some("yes"))?;
    ensure(!fetched.is_for_main_frame, "fetch() is the main frame")
}

fn an_invalid_header_is_a_status_500() -> TestResult {
    let builder = builder().serve(ORIGIN, |_| Response::text("x").header("not a name", "x"));
    let webview = open_with(builder, "")?;
    let status = ask(&webview, "return (await fetch('/invalid')).status;")?;
    same("status", status.as_f64(), Some(500.0))
}

fn head_has_no_body() -> TestResult {
    let webview = open_with(builder(), "<p>page</p>")?;
    let got = ask_text(
        &webview,
        "const response = await fetch('/', { method: 'HEAD' });
         return response.status + ':' + (await response.text());",
    )?;
    same("HEAD", got.as_str(), "200:")
}

fn two_origins_are_apart() -> TestResult {
    let builder = builder()
        .serve("https://one.test", |_| Response::html("<p>one</p>"))
        .serve("https://one.test:8443", |_| {
            Response::html("<p>with port</p>")
        })
        .serve("http://one.test", |_| Response::html("<p>not secure</p>"));
    let webview = open_with(builder, "")?;
    for (url, expected) in [
        ("https://one.test/", "one"),
        ("https://one.test:8443/", "with port"),
        ("http://one.test/", "not secure"),
    ] {
        webview.load(url).map_err(text)?;
        webview.wait_for_load(PATIENCE).map_err(text)?;
        let body = webview
            .evaluate("document.body.textContent")
            .map_err(text)?;
        same(url, body.as_str(), Some(expected))?;
    }
    Ok(())
}

fn blob_urls_are_left_alone() -> TestResult {
    let webview = open_with(builder(), "")?;
    let got = ask_text(
        &webview,
        "const source = 'postMessage(self.location.protocol)';
         const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
         return await new Promise((resolve) => { worker.onmessage = (event) => resolve(event.data); });",
    )?;
    same("the worker's URL", got.as_str(), "blob:")
}

fn content_types_go_with_extensions() -> TestResult {
    for (name, expected) in [
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.mjs", "text/javascript; charset=utf-8"),
        ("A.MJS", "text/javascript; charset=utf-8"),
        ("a.json", "application/json"),
        ("a.wasm", "application/wasm"),
        ("a.html", "text/html; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a", "application/octet-stream"),
        (".js", "application/octet-stream"),
    ] {
        same(name, content_type(name.as_ref()), expected)?;
    }
    let missing = Directory::new("/nowhere/at/all");
    ensure(missing.is_err(), "a missing directory is served")?;
    ensure(
        Url::parse("https://app.test").is_ok(),
        "the crate's Url does not parse",
    )
}

fn served_pages_are_secure_contexts() -> TestResult {
    let webview = open_with(builder(), "")?;
    let secure = webview
        .evaluate("isSecureContext && typeof TCPSocket === 'function'")
        .map_err(text)?;
    same("secure, with TCPSocket", secure.as_bool(), Some(true))
}
