/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What `build()` refuses, and how it says so.

use direct_sockets_webview::{Error, Origins, WebViewBuilder};

use crate::harness::{self, TestResult, ensure, open, same, text};

harness::tests! {
    both: [],
    single: [
        build_refuses_without_init,
        build_refuses_a_second_webview,
        build_names_option_and_value,
        build_refuses_what_is_not_an_origin,
        build_refuses_invalid_headers,
        a_failed_build_can_be_repeated,
        the_size_is_that_of_the_page,
        the_scale_factor_is_that_of_the_page,
        the_user_agent_is_told,
        a_user_script_runs_before_the_page,
        a_user_stylesheet_is_applied,
    ]
}

/// The name ends in a way that makes the harness leave out the call.
fn build_refuses_without_init() -> TestResult {
    let error = WebViewBuilder::new()
        .build()
        .err()
        .ok_or("the webview was built")?;
    ensure(
        matches!(error, Error::NotInitialized),
        format!("another error: {error}"),
    )?;
    ensure(
        error.to_string().contains("direct_sockets_webview::init()"),
        format!("the message does not say what is missing: {error}"),
    )
}

fn build_refuses_a_second_webview() -> TestResult {
    let _first = open("<p>one</p>")?;
    let error = harness::builder()
        .build()
        .err()
        .ok_or("a second webview was built")?;
    ensure(
        matches!(error, Error::AlreadyStarted),
        format!("another error: {error}"),
    )
}

fn build_names_option_and_value() -> TestResult {
    const MISSING: &str = "/nowhere/at/all";
    let cases: Vec<(WebViewBuilder, &[&str])> = vec![
        (harness::builder().url("not a url"), &["url", "not a url"]),
        (harness::builder().size(0, 10), &["size", "0x10"]),
        (
            harness::builder().size(10, 1 << 20),
            &["size", "10x1048576"],
        ),
        (
            harness::builder().serve_directory("https://app.test", MISSING),
            &["serve_directory", MISSING],
        ),
        (
            harness::builder().host_file(MISSING),
            &["host_file", MISSING],
        ),
        (
            harness::builder().certificate_file(MISSING),
            &["certificate_file", MISSING],
        ),
        (
            harness::builder().preferences_file(MISSING),
            &["preferences_file", MISSING],
        ),
        (
            harness::builder().serve_page("ftp://app.test/", "", &[]),
            &["serve_page", "ftp://app.test/"],
        ),
    ];
    for (builder, parts) in cases {
        let message = builder
            .build()
            .err()
            .ok_or(format!("built with {parts:?}"))?
            .to_string();
        for part in parts {
            ensure(
                message.contains(part),
                format!("`{part}` is not in: {message}"),
            )?;
        }
    }
    Ok(())
}

fn build_refuses_what_is_not_an_origin() -> TestResult {
    for origin in [
        "app.test",
        "https://app.test/path",
        "https://app.test/?query",
        "https://user@app.test",
        "data:text/html,x",
        "file:///",
        "",
    ] {
        let served = harness::builder().serve(origin, |_| unreachable!()).build();
        ensure(served.is_err(), format!("`{origin}` is served"))?;
        let allowed = harness::builder()
            .origins(Origins::served().allow(origin))
            .build();
        let message = allowed
            .err()
            .ok_or(format!("`{origin}` is allowed"))?
            .to_string();
        ensure(
            message.contains("origins") && message.contains(origin),
            format!("option or value is not in: {message}"),
        )?;
    }
    Ok(())
}

fn build_refuses_invalid_headers() -> TestResult {
    for header in [("a b", "x"), ("", "x"), ("name", "line\nbreak")] {
        let built = harness::builder()
            .serve_page("https://app.test/", "", &[header])
            .build();
        ensure(built.is_err(), format!("{header:?} is taken"))?;
    }
    Ok(())
}

fn a_failed_build_can_be_repeated() -> TestResult {
    ensure(
        harness::builder().url("not a url").build().is_err(),
        "built with a wrong URL",
    )?;
    open("<p>works</p>").map(drop)
}

fn the_size_is_that_of_the_page() -> TestResult {
    let webview = harness::open_with(harness::builder().size(517, 389), "")?;
    same("size()", webview.size(), (517, 389))?;
    let inner = webview
        .evaluate("innerWidth + 'x' + innerHeight")
        .map_err(text)?;
    same("the page's size", inner.as_str(), Some("517x389"))
}

fn the_scale_factor_is_that_of_the_page() -> TestResult {
    for wrong in [0.0, -1.0, 11.0, f32::NAN] {
        let error = harness::builder().scale_factor(wrong).build().err();
        let error = error
            .ok_or_else(|| format!("{wrong} is taken"))?
            .to_string();
        ensure(error.contains("scale_factor"), error)?;
    }
    let builder = harness::builder().size(400, 200).scale_factor(2.0);
    let webview = harness::open_with(builder, "")?;
    let inner = webview
        .evaluate("[devicePixelRatio, innerWidth, innerHeight].join()")
        .map_err(text)?;
    same("the page's view", inner.as_str(), Some("2,200,100"))
}

fn the_user_agent_is_told() -> TestResult {
    let webview = harness::open_with(harness::builder().user_agent("Tester/7"), "")?;
    let agent = webview.evaluate("navigator.userAgent").map_err(text)?;
    same("navigator.userAgent", agent.as_str(), Some("Tester/7"))
}

fn a_user_script_runs_before_the_page() -> TestResult {
    let builder = harness::builder().user_script("globalThis.early = 'here';");
    let webview = harness::open_with(
        builder,
        "<script>globalThis.seen = globalThis.early;</script>",
    )?;
    let seen = webview.evaluate("globalThis.seen").map_err(text)?;
    same("what the page saw", seen.as_str(), Some("here"))
}

fn a_user_stylesheet_is_applied() -> TestResult {
    let builder = harness::builder().user_stylesheet("p { color: rgb(1, 2, 3) !important; }");
    let webview = harness::open_with(builder, "<p>x</p>")?;
    let color = webview
        .evaluate("getComputedStyle(document.querySelector('p')).color")
        .map_err(text)?;
    same("the colour", color.as_str(), Some("rgb(1, 2, 3)"))
}
