/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The demonstration, which runs without TARGET.

use crate::support::{self, Files, PAGE_MODES, Shell, TestResult, ensure, run, text};

support::tests! {
    each_mode(PAGE_MODES): [the_demonstration_succeeds_and_tells_what_happened],
    once: [
        a_picture_of_the_demonstration_shows_its_success,
        without_the_permission_the_demonstration_fails_with_a_reason,
        without_the_feature_the_demonstration_fails_with_a_reason,
    ]
}

/// The number at the end of the line that begins so.
fn process(transcript: &str, name: &str) -> Result<u32, String> {
    let line = transcript
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .ok_or(format!("no line {name:?} in: {transcript}"))?;
    let number: String = line
        .trim_start_matches(|c: char| !c.is_ascii_digit())
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    number.parse().map_err(text)
}

fn the_demonstration_succeeds_and_tells_what_happened(options: &[&str]) -> TestResult {
    let running = Shell::new().args(options).start()?;
    let own = running.id();
    let outcome = running.finish()?.expect_status(0)?.expect_no_error()?;
    let transcript = &outcome.stdout;
    for part in [
        "connected:  127.0.0.1:",
        " to 127.0.0.1:",
        "27 bytes of text",
        "4194304 bytes",
        "half-close",
        "received:   4194331 bytes",
        "every byte is right",
        "closed:",
    ] {
        ensure(
            transcript.contains(part),
            format!("{part:?} is not in: {transcript}"),
        )?;
    }
    ensure(
        transcript.lines().last() == Some("The demonstration succeeded."),
        format!("the last line: {transcript}"),
    )?;
    let page = process(transcript, "process of the page:")?;
    let embedder = process(transcript, "process of the embedder:")?;
    let net = process(transcript, "net process:")?;
    let peer = process(transcript, "process of the peer:")?;
    ensure(
        embedder == own,
        format!("the embedder is {own}, not {embedder}"),
    )?;
    ensure(
        net != page && net != embedder && net != peer && peer != embedder,
        format!("processes that should differ do not: {transcript}"),
    )?;
    ensure(
        (page == embedder) == options.is_empty(),
        format!("the process of the page: {transcript}"),
    )
}

fn a_picture_of_the_demonstration_shows_its_success() -> TestResult {
    let files = Files::new()?;
    let path = files.path("demo.png");
    Shell::new()
        .arg("--screenshot")
        .arg(&path)
        .run()?
        .expect_status(0)?
        .expect_no_error()?;
    let image = image::open(&path).map_err(text)?.to_rgba8();
    let count = |colour: [u8; 4]| image.pixels().filter(|pixel| pixel.0 == colour).count();
    let header = count([0x1d, 0x4e, 0x5f, 255]);
    let good = count([0x2e, 0x7d, 0x4f, 255]);
    let bad = count([0xb3, 0x37, 0x2f, 255]);
    ensure(
        header > 10_000 && good > 5_000 && bad == 0,
        format!("{header} pixels of the header, {good} of success, {bad} of failure"),
    )
}

fn without_the_permission_the_demonstration_fails_with_a_reason() -> TestResult {
    run(&["--permissions-policy", "direct-sockets=()"])?
        .expect_status(1)?
        .expect_one_line_of_error()?
        .expect_error("NotAllowedError")
        .map(drop)
}

fn without_the_feature_the_demonstration_fails_with_a_reason() -> TestResult {
    run(&["--pref", "dom_direct_sockets_enabled=false"])?
        .expect_status(1)?
        .expect_one_line_of_error()?
        .expect_error("TCPSocket")
        .map(drop)
}
