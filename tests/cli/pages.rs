/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Pages as TARGET.

use std::path::Path;

use crate::support::{
    self, Files, Outcome, PAGE_MODES, Shell, TestResult, echo_server, ensure, run, run_page, text,
    web_server,
};

support::tests! {
    each_mode(PAGE_MODES): [
        a_page_ends_when_it_closes_itself,
        a_page_talks_to_an_echo_server,
        a_screenshot_shows_the_page,
        a_url_may_not_use_sockets_unless_a_preference_says_so,
        a_page_closes_itself_after_navigating,
    ],
    once: [
        the_folder_of_a_page_is_served,
        permissions_policy_is_the_header_of_the_page,
        an_error_of_a_page_is_written,
        the_size_of_the_picture_can_be_chosen,
        the_picture_grows_with_the_device_pixel_ratio,
        a_data_url_is_a_page,
        what_cannot_be_loaded_is_an_error_with_a_reason,
        the_user_agent_is_sent,
        a_page_that_closes_itself_before_it_is_drawn_is_an_error,
    ]
}

const CLOSE: &str = "window.close();";

fn a_page_ends_when_it_closes_itself(options: &[&str]) -> TestResult {
    let html = format!("<script>for (let i = 0; i < 500; i += 1) console.log(i); {CLOSE}</script>");
    let expected: String = (0..500).map(|number| format!("{number}\n")).collect();
    run_page(options, &html)?
        .expect_status(0)?
        .expect_stdout(&expected)?
        .expect_no_error()
        .map(drop)
}

fn a_page_closes_itself_after_navigating(options: &[&str]) -> TestResult {
    let files = Files::with(
        "page.html",
        "<script>onload = () => { location.href = 'next.html'; };</script>",
    )?
    .and(
        "next.html",
        &format!("<script>console.log(history.length); {CLOSE}</script>"),
    )?;
    Shell::new()
        .args(options)
        .args(["--timeout", "20"])
        .arg(files.path("page.html"))
        .run()?
        .expect_status(0)
        .map(drop)
}

/// A page that writes what an echo server sends back.
fn echo_page(port: u16) -> String {
    format!(
        "<script>(async () => {{
            const socket = new TCPSocket('127.0.0.1', {port});
            const {{ readable, writable }} = await socket.opened;
            const writer = writable.getWriter();
            await writer.write(new TextEncoder().encode('from a page'));
            await writer.close();
            console.log(await new Response(readable).text());
        }})().catch((error) => console.log(error.name)).finally(() => window.close());</script>"
    )
}

fn a_page_talks_to_an_echo_server(options: &[&str]) -> TestResult {
    run_page(options, &echo_page(echo_server()?))?
        .expect_status(0)?
        .expect_stdout("from a page\n")?
        .expect_no_error()
        .map(drop)
}

const COLOURS: &str = "<style>
    body { margin: 0; background: rgb(200, 30, 60); }
    div { width: 100px; height: 50px; background: rgb(0, 120, 255); }
</style><div></div>";

fn pixel(path: &Path, x: u32, y: u32) -> Result<([u8; 4], (u32, u32)), String> {
    let image = image::open(path).map_err(text)?.to_rgba8();
    let colour = image
        .get_pixel_checked(x, y)
        .ok_or(format!("no pixel at {x}, {y}"))?
        .0;
    Ok((colour, image.dimensions()))
}

fn a_screenshot_shows_the_page(options: &[&str]) -> TestResult {
    let files = Files::with("page.html", COLOURS)?;
    let picture = files.path("picture.png");
    Shell::new()
        .args(options)
        .arg(files.path("page.html"))
        .arg("--screenshot")
        .arg(&picture)
        .run()?
        .expect_status(0)?
        .expect_stdout("")?
        .expect_no_error()?;
    let (colour, size) = pixel(&picture, 50, 25)?;
    ensure(
        colour == [0, 120, 255, 255],
        format!("in the box: {colour:?}"),
    )?;
    ensure(size == (1024, 740), format!("{size:?}"))?;
    let (colour, _) = pixel(&picture, 1023, 739)?;
    ensure(
        colour == [200, 30, 60, 255],
        format!("in the corner: {colour:?}"),
    )
}

fn the_size_of_the_picture_can_be_chosen() -> TestResult {
    let files = Files::with("page.html", COLOURS)?;
    let picture = files.path("picture.png");
    Shell::new()
        .args(["--window-size", "333x222", "--screenshot"])
        .arg(&picture)
        .arg(files.path("page.html"))
        .run()?
        .expect_status(0)?;
    let (colour, size) = pixel(&picture, 332, 221)?;
    ensure(size == (333, 222), format!("{size:?}"))?;
    ensure(
        colour == [200, 30, 60, 255],
        format!("in the corner: {colour:?}"),
    )
}

fn the_picture_grows_with_the_device_pixel_ratio() -> TestResult {
    let files = Files::with("page.html", COLOURS)?;
    let picture = files.path("picture.png");
    Shell::new()
        .args(["--device-pixel-ratio", "2", "--window-size", "150x90"])
        .arg("--screenshot")
        .arg(&picture)
        .arg(files.path("page.html"))
        .run()?
        .expect_status(0)?;
    // The box is as wide and high in pixels of the page as ever.
    for (x, y, expected) in [
        (199, 99, [0, 120, 255, 255]),
        (200, 99, [200, 30, 60, 255]),
        (199, 100, [200, 30, 60, 255]),
        (299, 179, [200, 30, 60, 255]),
    ] {
        let (colour, size) = pixel(&picture, x, y)?;
        ensure(size == (300, 180), format!("{size:?}"))?;
        ensure(colour == expected, format!("at {x}, {y}: {colour:?}"))?;
    }
    Ok(())
}

/// `http://127.0.0.1` is a secure context, and not served by the shell.
fn a_url_may_not_use_sockets_unless_a_preference_says_so(options: &[&str]) -> TestResult {
    let page: &'static str = Box::leak(echo_page(echo_server()?).into_boxed_str());
    let origin = web_server(page)?;
    let run = |more: &[&str]| -> Result<Outcome, String> {
        Shell::new()
            .args(options)
            .args(more)
            .arg(&origin)
            .run()?
            .expect_status(0)
    };
    run(&[])?.expect_stdout("NotAllowedError\n")?;
    let preference = format!("dom_direct_sockets_allowed_origins={origin}");
    run(&["--pref", &preference])?.expect_stdout("from a page\n")?;
    run(&["--pref", "dom_direct_sockets_allowed_origins=*"])?.expect_stdout("from a page\n")?;
    run(&[
        "--pref",
        "dom_direct_sockets_allowed_origins=https://somebody.else",
    ])?
    .expect_stdout("NotAllowedError\n")
    .map(drop)
}

fn the_folder_of_a_page_is_served() -> TestResult {
    let files = Files::with(
        "page.html",
        "<link rel=stylesheet href=style.css><script src=sub/script.js></script>
         <script>onload = () => {
             console.log(answer, getComputedStyle(document.body).color);
             window.close();
         };</script>",
    )?
    .and("style.css", "body { color: rgb(1, 2, 3); }")?
    .and("sub/script.js", "globalThis.answer = 42;")?;
    Shell::new()
        .arg(files.path("page.html"))
        .run()?
        .expect_status(0)?
        .expect_stdout("42 rgb(1, 2, 3)\n")
        .map(drop)
}

fn permissions_policy_is_the_header_of_the_page() -> TestResult {
    let html = echo_page(echo_server()?);
    run_page(&["--permissions-policy", "direct-sockets=()"], &html)?
        .expect_status(0)?
        .expect_stdout("NotAllowedError\n")?;
    run_page(&["--permissions-policy", "direct-sockets=(self)"], &html)?
        .expect_status(0)?
        .expect_stdout("from a page\n")
        .map(drop)
}

fn an_error_of_a_page_is_written() -> TestResult {
    let html = format!(
        "<script>\nonload = () => {{ setTimeout(() => {{ {CLOSE} }}, 0); oops(); }};</script>"
    );
    run_page(&[], &html)?
        .expect_status(0)?
        .expect_stdout("")?
        .expect_error("page.html:2:")?
        .expect_error("oops")
        .map(drop)
}

fn a_data_url_is_a_page() -> TestResult {
    run(&["data:text/html,<script>console.log('data'); window.close()</script>"])?
        .expect_status(0)?
        .expect_stdout("data\n")
        .map(drop)
}

fn what_cannot_be_loaded_is_an_error_with_a_reason() -> TestResult {
    let port = std::net::TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map_err(text)?
        .port();
    let files = Files::new()?;
    let missing = format!("file://{}", files.path("missing.html").display());
    for url in [format!("http://127.0.0.1:{port}/page"), missing] {
        for more in [&[][..], &["--exit"], &["--multiprocess"]] {
            Shell::new()
                .arg(&url)
                .args(more)
                .run()?
                .expect_status(1)?
                .expect_stdout("")?
                .expect_one_line_of_error()?
                .expect_error(&url)?;
        }
    }
    Ok(())
}

fn the_user_agent_is_sent() -> TestResult {
    let html = format!("<script>console.log(navigator.userAgent); {CLOSE}</script>");
    for option in [
        vec!["--user-agent", "Tester/1"],
        vec!["-u", "Tester/1"],
        vec!["-uTester/1"],
    ] {
        run_page(&option, &html)?
            .expect_status(0)?
            .expect_stdout("Tester/1\n")?;
    }
    Ok(())
}

fn a_page_that_closes_itself_before_it_is_drawn_is_an_error() -> TestResult {
    let files = Files::with(
        "page.html",
        "<script>window.close(); fetch('nothing');</script>",
    )?;
    let picture = files.path("picture.png");
    let outcome = Shell::new()
        .arg("--screenshot")
        .arg(&picture)
        .arg(files.path("page.html"))
        .run()?;
    // It may have been fast enough.
    if outcome.status == Some(0) {
        return ensure(
            picture.exists(),
            format!("neither picture nor error: {outcome:#?}"),
        );
    }
    outcome
        .expect_status(1)?
        .expect_one_line_of_error()
        .map(drop)
}
