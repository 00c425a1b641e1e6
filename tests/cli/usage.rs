/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Wrong usage, and what ends a run.

use std::time::{Duration, Instant};

use crate::support::{
    self, Files, SCRIPT_MODES, Shell, TestResult, ensure, run, run_page, run_script,
};

support::tests! {
    each_mode(SCRIPT_MODES): [
        timeout_ends_a_script_that_waits,
        timeout_ends_a_script_that_never_yields,
    ],
    once: [
        wrong_usage_is_one_line_and_status_2,
        a_missing_file_is_one_line_and_status_2,
        an_unknown_preference_is_one_line_and_status_2,
        timeout_ends_a_page,
        timeout_ends_a_page_that_never_loads,
        help_tells_every_option,
        version_is_told,
        options_of_a_script_stand_before_it,
        preferences_are_set,
        preferences_come_from_a_file,
        a_double_hyphen_ends_the_options,
    ]
}

fn expect_wrong_usage(arguments: &[&str], part: &str) -> TestResult {
    run(arguments)?
        .expect_status(2)?
        .expect_stdout("")?
        .expect_one_line_of_error()?
        .expect_error(part)
        .map(drop)
        .map_err(|error| format!("{arguments:?}: {error}"))
}

fn wrong_usage_is_one_line_and_status_2() -> TestResult {
    let files = Files::with("page.html", "")?
        .and("script.js", "")?
        .and("text.txt", "")?;
    let path = |name: &str| files.path(name).to_string_lossy().into_owned();
    let (page, script, other) = (path("page.html"), path("script.js"), path("text.txt"));
    let not_there = path("no/picture.png");
    let trace_not_there = format!("--trace {not_there}: ");
    let cases: &[(&[&str], &str)] = &[
        (&["--no-such-option"], "--no-such-option"),
        (&["-Q"], "-Q"),
        (&["--no-such-option", &script], "--no-such-option"),
        (&[&other], "text.txt"),
        (&["nothing"], "nothing"),
        (&["ftp://example.test/"], "ftp://example.test/"),
        (&[&page, "more"], "more"),
        (&["--worker"], "--worker"),
        (&["--worker", &page], "--worker"),
        (&["--exit", &script], "--exit"),
        (&["--timeout", "soon", &script], "soon"),
        (&["--timeout", "-1", &script], "-1"),
        (&["--timeout", "0", &script], "0"),
        (&["--timeout", "inf", &script], "inf"),
        (&["--timeout"], "--timeout"),
        (&["--window-size", "800", &page], "800"),
        (&["--window-size", "0x5", &page], "0x5"),
        (&["--window-size", "99999x5", &page], "99999x5"),
        (&["--device-pixel-ratio", "0", &page], "0"),
        (&["--device-pixel-ratio", "wide", &page], "wide"),
        (&["--device-pixel-ratio", "NaN", &page], "NaN"),
        (&["--screenshot", &not_there, &page], "picture.png"),
        (&["--screenshot", &not_there, &script], "picture.png"),
        (&["--screenshot", &not_there], "picture.png"),
        (
            &["--permissions-policy", "x", "https://example.test/"],
            "--permissions-policy",
        ),
        (&["--certificate-path", &not_there, &page], "picture.png"),
        (&["--user-stylesheet", &not_there, &page], "picture.png"),
        (&["--trace"], "--trace"),
        (&["--trace", &not_there, &script], &trace_not_there),
        (&["--trace", "/", &script], "--trace /: "),
        (&["--trace", "/dev/null", &script], "not a regular file"),
    ];
    for (arguments, part) in cases {
        expect_wrong_usage(arguments, part)?;
    }
    Ok(())
}

fn a_missing_file_is_one_line_and_status_2() -> TestResult {
    let files = Files::new()?.and("folder.js/x", "")?;
    for name in [
        "missing.js",
        "missing.mjs",
        "missing.html",
        "folder.js",
        "no/way/x.js",
    ] {
        let path = files.path(name).to_string_lossy().into_owned();
        expect_wrong_usage(&[&path], name)?;
        expect_wrong_usage(&["--multiprocess", &path], name)?;
    }
    Ok(())
}

fn an_unknown_preference_is_one_line_and_status_2() -> TestResult {
    let files = Files::with("script.js", "")?.and("prefs.json", "{\"no_such_pref\": true}")?;
    let script = files.path("script.js").to_string_lossy().into_owned();
    let file = files.path("prefs.json").to_string_lossy().into_owned();
    let missing = files.path("missing.json").to_string_lossy().into_owned();
    for (arguments, part) in [
        (["--pref", "no_such_pref=1", &script], "no_such_pref"),
        (["--pref", "no_such_pref", &script], "no_such_pref"),
        (["--pref", "=1", &script], "=1"),
        (
            ["--pref", "dom_direct_sockets_enabled=maybe", &script],
            "maybe",
        ),
        (["--prefs-file", &file, &script], "no_such_pref"),
        (["--prefs-file", &missing, &script], "missing.json"),
    ] {
        expect_wrong_usage(&arguments, part)?;
    }
    Ok(())
}

/// Long enough for a script to begin on a busy machine.
const LIMIT: &str = "3";

/// Far more than the limit and the end of a webview together.
const BOUND: Duration = Duration::from_secs(20);

fn expect_timeout(
    run: impl FnOnce() -> Result<support::Outcome, String>,
) -> Result<support::Outcome, String> {
    let started = Instant::now();
    let outcome = run()?
        .expect_status(124)?
        .expect_one_line_of_error()?
        .expect_error("--timeout")?;
    ensure(
        started.elapsed() < BOUND,
        format!("it took {:?}", started.elapsed()),
    )?;
    Ok(outcome)
}

fn with_timeout<'a>(options: &[&'a str]) -> Vec<&'a str> {
    [options, &["--timeout", LIMIT]].concat()
}

fn timeout_ends_a_script_that_waits(options: &[&str]) -> TestResult {
    let script = "console.log('waiting'); await new Promise(() => {});";
    expect_timeout(|| run_script(&with_timeout(options), script, &[]))?
        .expect_stdout("waiting\n")
        .map(drop)
}

fn timeout_ends_a_script_that_never_yields(options: &[&str]) -> TestResult {
    let script = "console.log('busy'); for (;;) {}";
    expect_timeout(|| run_script(&with_timeout(options), script, &[]))?
        .expect_stdout("busy\n")
        .map(drop)
}

fn timeout_ends_a_page() -> TestResult {
    expect_timeout(|| {
        run_page(
            &["--timeout", LIMIT],
            "<script>console.log('page')</script>",
        )
    })?
    .expect_stdout("page\n")
    .map(drop)
}

fn timeout_ends_a_page_that_never_loads() -> TestResult {
    let files = Files::new()?;
    let picture = files.path("x.png").to_string_lossy().into_owned();
    expect_timeout(|| {
        run_page(
            &["--timeout", LIMIT, "--screenshot", &picture],
            "<script>for (;;) {}</script>",
        )
    })
    .map(drop)
}

fn help_tells_every_option() -> TestResult {
    for option in ["--help", "-h"] {
        let outcome = run(&[option])?.expect_status(0)?.expect_no_error()?;
        for part in [
            "[OPTIONS] [TARGET] [ARG...]",
            "--worker",
            "--multiprocess",
            "--window",
            "--screenshot <FILE.png>",
            "--pref <NAME=VALUE>",
            "--permissions-policy",
            "--user-agent",
            "--timeout <SECONDS>",
            "--trace <FILE.json>",
            "without effect",
            "--enable-experimental-web-platform-features",
            "--headless",
            "124",
        ] {
            ensure(
                outcome.stdout.contains(part),
                format!("{part} is not in: {}", outcome.stdout),
            )?;
        }
    }
    Ok(())
}

fn version_is_told() -> TestResult {
    let expected = format!("direct-sockets-shell {}\n", env!("CARGO_PKG_VERSION"));
    run(&["--version"])?
        .expect_status(0)?
        .expect_stdout(&expected)
        .map(drop)
}

fn options_of_a_script_stand_before_it() -> TestResult {
    // The value of an option may look like a script.
    run_script(
        &["--user-agent", "agent.js", "-u", "other.js"],
        "console.log(navigator.userAgent, args);",
        &["--pref"],
    )?
    .expect_status(0)?
    .expect_stdout("other.js [\"--pref\"]\n")
    .map(drop)
}

fn preferences_are_set() -> TestResult {
    let script = "console.log(typeof TCPSocket, typeof Notification);";
    run_script(&["--pref", "dom_direct_sockets_enabled=false"], script, &[])?
        .expect_status(0)?
        .expect_stdout("undefined undefined\n")?;
    // Without a value it is switched on.
    run_script(
        &[
            "--pref",
            "dom_notification_enabled",
            "--pref=dom_direct_sockets_enabled=true",
        ],
        script,
        &[],
    )?
    .expect_status(0)?
    .expect_stdout("function function\n")
    .map(drop)
}

fn preferences_come_from_a_file() -> TestResult {
    let files = Files::with(
        "prefs.json",
        "{\"dom_notification_enabled\": true, \"user_agent\": \"File/1\"}",
    )?
    .and(
        "script.js",
        "console.log(typeof Notification, navigator.userAgent);",
    )?;
    Shell::new()
        .arg("--prefs-file")
        .arg(files.path("prefs.json"))
        .args(["--pref", "user_agent=Later/1"])
        .arg(files.path("script.js"))
        .run()?
        .expect_status(0)?
        .expect_stdout("function Later/1\n")
        .map(drop)
}

fn a_double_hyphen_ends_the_options() -> TestResult {
    let files = Files::with("-x.js", "console.log(args.join());")?;
    Shell::new()
        .directory(files.directory())
        .args(["--", "-x.js", "--", "-y"])
        .run()?
        .expect_status(0)?
        .expect_stdout("--,-y\n")
        .map(drop)
}
