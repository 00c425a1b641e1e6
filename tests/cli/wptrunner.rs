/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The command line that wptrunner's product `servo_legacy` writes.

use crate::support::{self, Files, Shell, TestResult, ensure, run_page, text, web_server};

support::tests! {
    each_mode(support::PAGE_MODES): [a_testharness_command_line_is_taken],
    once: [
        a_crashtest_ends_once_loaded,
        a_reftest_writes_its_picture,
        user_stylesheets_are_applied,
        a_host_file_is_used,
        a_host_file_that_is_missing_is_wrong_usage,
        our_preferences_for_web_platform_tests_are_taken,
    ]
}

/// What the shell prints for wptrunner is what the page logs.
const PAGE: &str = "<script>
    console.log('ALERT: RESULT: ' + JSON.stringify([typeof TCPSocket, navigator.userAgent]));
</script>";

/// The order is that of `executorservolegacy.py`. The runner kills the process once it has the line.
fn a_testharness_command_line_is_taken(options: &[&str]) -> TestResult {
    let origin = web_server(PAGE)?;
    let files = Files::with("prefs.json", "{\"dom_direct_sockets_enabled\": true}")?;
    let mut running = Shell::new()
        .args([
            "--hard-fail",
            "-u",
            "Servo/wptrunner",
            "--ignore-certificate-errors",
        ])
        .arg("--enable-experimental-web-platform-features")
        .arg(&origin)
        .args([
            "-z",
            "--pref",
            "dom_notification_enabled=true",
            "--prefs-file",
        ])
        .arg(files.path("prefs.json"))
        .args(options)
        .start()?;
    running
        .stdout
        .wait_for("ALERT: RESULT: [\"function\",\"Servo/wptrunner\"]\n")?;
    running.child.kill().map_err(text)?;
    running.finish().map(drop)
}

fn a_crashtest_ends_once_loaded() -> TestResult {
    for option in ["-x", "--exit"] {
        let origin = web_server("<script>console.log('loaded')</script>")?;
        Shell::new()
            .arg(origin)
            .args(["-z", option])
            .run()?
            .expect_status(0)?
            .expect_stdout("loaded\n")?
            .expect_no_error()?;
    }
    Ok(())
}

fn a_reftest_writes_its_picture() -> TestResult {
    let origin = web_server("<body style='background: rgb(9, 99, 199)'>")?;
    let files = Files::new()?;
    let path = files.path("picture.png");
    Shell::new()
        .args([
            "--exit",
            &format!("--output={}", path.display()),
            "--window-size",
            "80x60",
        ])
        .arg(origin)
        .run()?
        .expect_status(0)?;
    let image = image::open(&path).map_err(text)?.to_rgba8();
    ensure(
        image.dimensions() == (80, 60),
        format!("{:?}", image.dimensions()),
    )?;
    ensure(
        image.get_pixel(40, 30).0 == [9, 99, 199, 255],
        format!("{:?}", image.get_pixel(40, 30)),
    )
}

fn user_stylesheets_are_applied() -> TestResult {
    let files = Files::with("one.css", "p { color: rgb(1, 2, 3) !important; }")?
        .and("two.css", "p { background: rgb(4, 5, 6) !important; }")?
        .and(
            "page.html",
            "<p>x</p><script>onload = () => {
                const style = getComputedStyle(document.querySelector('p'));
                console.log(style.color, style.backgroundColor);
                window.close();
            };</script>",
        )?;
    Shell::new()
        .arg(files.path("page.html"))
        .arg("--user-stylesheet")
        .arg(files.path("one.css"))
        .arg("--user-stylesheet")
        .arg(files.path("two.css"))
        .run()?
        .expect_status(0)?
        .expect_stdout("rgb(1, 2, 3) rgb(4, 5, 6)\n")
        .map(drop)
}

fn a_host_file_is_used() -> TestResult {
    let origin = web_server("<script>console.log(location.hostname); window.close();</script>")?;
    let url = origin.replace("127.0.0.1", "name.of.nobody.test");
    let files = Files::with("hosts", "127.0.0.1 name.of.nobody.test\n")?;
    Shell::new()
        .env("HOST_FILE", files.path("hosts"))
        .arg(url)
        .args(["--timeout", "20"])
        .run()?
        .expect_status(0)?
        .expect_stdout("name.of.nobody.test\n")
        .map(drop)
}

fn a_host_file_that_is_missing_is_wrong_usage() -> TestResult {
    Shell::new()
        .env("HOST_FILE", "/nowhere/at/all")
        .arg("about:blank")
        .run()?
        .expect_status(2)?
        .expect_one_line_of_error()?
        .expect_error("/nowhere/at/all")
        .map(drop)
}

fn our_preferences_for_web_platform_tests_are_taken() -> TestResult {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../resources/wpt-prefs.json"
    );
    run_page(
        &["--prefs-file", file],
        "<script>console.log(typeof TCPSocket); window.close();</script>",
    )?
    .expect_status(0)?
    .expect_stdout("function\n")
    .map(drop)
}
