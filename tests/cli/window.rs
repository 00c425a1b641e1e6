/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! `--window`, on a display without a screen.

use libtest_mimic::{Failed, Trial};

use crate::display::{self, Display};
use crate::support::{Files, Running, Shell, TestResult, ensure, run_page, text};

type Test = fn(&Display) -> TestResult;

const TESTS: &[(&str, Test)] = &[
    ("a_page_is_shown_in_a_window", a_page_is_shown_in_a_window),
    (
        "closing_the_window_ends_the_run",
        closing_the_window_ends_the_run,
    ),
    (
        "a_page_that_closes_itself_closes_the_window",
        a_page_that_closes_itself_closes_the_window,
    ),
    (
        "a_picture_of_a_window_shows_the_page",
        a_picture_of_a_window_shows_the_page,
    ),
    ("a_click_reaches_the_page", a_click_reaches_the_page),
    (
        "the_page_follows_the_size_of_the_window",
        the_page_follows_the_size_of_the_window,
    ),
    ("a_script_can_have_a_window", a_script_can_have_a_window),
    (
        "the_demonstration_stays_until_its_window_is_closed",
        the_demonstration_stays_until_its_window_is_closed,
    ),
];

pub fn tests() -> Vec<Trial> {
    // Where nobody could install it the tests are skipped, and said to be.
    let is_skipped = !display::is_available() && !is_root_on_linux();
    let mut trials: Vec<Trial> = TESTS
        .iter()
        .map(|(name, test)| {
            Trial::test(format!("window::{name}"), move || {
                test(&Display::start()?).map_err(Failed::from)
            })
            .with_ignored_flag(is_skipped)
        })
        .collect();
    trials.push(Trial::test(
        "window::without_a_display_the_reason_is_told",
        || without_a_display_the_reason_is_told().map_err(Failed::from),
    ));
    trials
}

/// On these machines the set-up installs Xvfb, so its absence is a failure.
fn is_root_on_linux() -> bool {
    // SAFETY: the call takes nothing and cannot fail.
    cfg!(target_os = "linux") && unsafe { libc::geteuid() } == 0
}

const BACKGROUND: [u8; 3] = [200, 30, 60];
const BOX: [u8; 3] = [0, 120, 255];
const PAGE: &str = "<title>A page</title><style>
    body { margin: 0; background: rgb(200, 30, 60); }
    div { width: 100px; height: 50px; background: rgb(0, 120, 255); }
</style><div></div>";

fn start(display: &Display, html: &str) -> Result<(Running, Files), String> {
    let files = Files::with("page.html", html)?;
    let running = Shell::new()
        .env("DISPLAY", &display.name)
        .args(["--window", "--window-size", "400x300", "--timeout", "50"])
        .arg(files.path("page.html"))
        .start()?;
    Ok((running, files))
}

fn close(display: &Display, title: &str) -> TestResult {
    let connection = display.connect()?;
    let window = display::wait_for_window(&connection, title)?;
    display::close(&connection, window)
}

fn a_page_is_shown_in_a_window(display: &Display) -> TestResult {
    let (running, _files) = start(display, PAGE)?;
    display.wait_for(BOX, 100 * 50)?;
    display.wait_for(BACKGROUND, 400 * 300 - 100 * 50)?;
    ensure(
        display.count(BOX) == 100 * 50,
        format!("{} pixels of the box", display.count(BOX)),
    )?;
    close(display, "A page")?;
    running.finish()?.expect_status(0).map(drop)
}

fn closing_the_window_ends_the_run(display: &Display) -> TestResult {
    let (mut running, _files) = start(
        display,
        &format!("{PAGE}<script>console.log('here')</script>"),
    )?;
    running.stdout.wait_for("here\n")?;
    close(display, "A page")?;
    running
        .finish()?
        .expect_status(0)?
        .expect_stdout("here\n")?
        .expect_no_error()
        .map(drop)
}

fn a_page_that_closes_itself_closes_the_window(display: &Display) -> TestResult {
    let (running, _files) = start(display, "<script>onload = () => window.close();</script>")?;
    running
        .finish()?
        .expect_status(0)?
        .expect_no_error()
        .map(drop)
}

fn a_picture_of_a_window_shows_the_page(display: &Display) -> TestResult {
    let files = Files::with("page.html", PAGE)?;
    let path = files.path("picture.png");
    Shell::new()
        .env("DISPLAY", &display.name)
        .args(["--window", "--window-size", "400x300", "--screenshot"])
        .arg(&path)
        .arg(files.path("page.html"))
        .run()?
        .expect_status(0)?
        .expect_no_error()?;
    let image = image::open(&path).map_err(text)?.to_rgb8();
    ensure(
        image.dimensions() == (400, 300),
        format!("{:?}", image.dimensions()),
    )?;
    ensure(
        image.get_pixel(50, 25).0 == BOX,
        format!("in the box: {:?}", image.get_pixel(50, 25)),
    )?;
    ensure(
        image.get_pixel(399, 299).0 == BACKGROUND,
        format!("in the corner: {:?}", image.get_pixel(399, 299)),
    )
}

fn a_click_reaches_the_page(display: &Display) -> TestResult {
    let html = format!(
        "{PAGE}<script>document.querySelector('div').onclick = (event) => {{
            console.log('clicked', event.clientX, event.clientY);
            window.close();
        }};</script>"
    );
    let (running, _files) = start(display, &html)?;
    display.wait_for(BOX, 100 * 50)?;
    // Without a window manager the window is in the corner of the screen.
    display::click(&display.connect()?, 30, 20)?;
    running
        .finish()?
        .expect_status(0)?
        .expect_stdout("clicked 30 20\n")
        .map(drop)
}

fn the_page_follows_the_size_of_the_window(display: &Display) -> TestResult {
    let (running, _files) = start(display, PAGE)?;
    display.wait_for(BACKGROUND, 400 * 300 - 100 * 50)?;
    let connection = display.connect()?;
    let window = display::wait_for_window(&connection, "A page")?;
    display::resize(&connection, window, 600, 500)?;
    display.wait_for(BACKGROUND, 600 * 500 - 100 * 50)?;
    display::close(&connection, window)?;
    running.finish()?.expect_status(0).map(drop)
}

fn a_script_can_have_a_window(display: &Display) -> TestResult {
    let script = "document.body.style = 'margin: 0; height: 100vh; background: rgb(200, 30, 60)';
console.log('drawn');
await new Promise((resolve) => { onclick = resolve; });
console.log('clicked');";
    let files = Files::with("script.js", script)?;
    let mut running = Shell::new()
        .env("DISPLAY", &display.name)
        .args(["--window", "--window-size", "400x300", "--timeout", "50"])
        .arg(files.path("script.js"))
        .start()?;
    running.stdout.wait_for("drawn\n")?;
    display.wait_for(BACKGROUND, 400 * 300)?;
    display::click(&display.connect()?, 200, 150)?;
    running
        .finish()?
        .expect_status(0)?
        .expect_stdout("drawn\nclicked\n")
        .map(drop)
}

fn the_demonstration_stays_until_its_window_is_closed(display: &Display) -> TestResult {
    let mut running = Shell::new()
        .env("DISPLAY", &display.name)
        .args(["--window", "--timeout", "50"])
        .start()?;
    running.stdout.wait_for("The demonstration succeeded.\n")?;
    // The bar that says so.
    display.wait_for([0x2e, 0x7d, 0x4f], 5_000)?;
    ensure(
        running.child.try_wait().map_err(text)?.is_none(),
        "it did not wait for its window to be closed",
    )?;
    close(display, "Direct Sockets")?;
    running.finish()?.expect_status(0).map(drop)
}

fn without_a_display_the_reason_is_told() -> TestResult {
    run_page(&["--window"], PAGE)?
        .expect_status(1)?
        .expect_one_line_of_error()?
        .expect_error("cannot open a window")
        .map(drop)
}
