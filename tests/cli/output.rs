/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What goes where, when, and in which order.

use std::io::Read;
use std::process::{Command, Stdio};

use crate::support::{
    self, Files, SCRIPT_MODES, SHELL, Shell, TestResult, ensure, run_script, text,
};

support::tests! {
    each_mode(SCRIPT_MODES): [
        twenty_thousand_lines_arrive_complete_and_in_order,
        lines_come_at_once,
        levels_go_to_their_streams,
    ],
    once: [
        a_reader_that_goes_away_ends_the_run,
        messages_are_formatted_as_consoles_do,
        a_closed_standard_output_does_no_harm,
    ]
}

fn twenty_thousand_lines_arrive_complete_and_in_order(options: &[&str]) -> TestResult {
    let outcome = run_script(
        options,
        "for (let i = 0; i < 20_000; i += 1) console.log('line', i);",
        &[],
    )?;
    let outcome = outcome.expect_status(0)?.expect_no_error()?;
    let mut count = 0;
    for (number, line) in outcome.stdout.lines().enumerate() {
        ensure(
            line == format!("line {number}"),
            format!("line {number} is {line:?}"),
        )?;
        count += 1;
    }
    ensure(count == 20_000, format!("{count} lines"))
}

fn lines_come_at_once(options: &[&str]) -> TestResult {
    let files = Files::with(
        "script.js",
        "console.log('here'); await new Promise(() => {});",
    )?;
    let mut running = Shell::new()
        .args(options)
        .arg(files.path("script.js"))
        .start()?;
    running.stdout.wait_for("here\n")?;
    running.child.kill().map_err(text)?;
    running.finish().map(drop)
}

fn levels_go_to_their_streams(options: &[&str]) -> TestResult {
    let script =
        "for (const level of ['log', 'info', 'debug', 'warn', 'error']) console[level](level);";
    let outcome = run_script(options, script, &[])?
        .expect_status(0)?
        .expect_stdout("log\ninfo\ndebug\n")?;
    ensure(outcome.stderr == "warn\nerror\n", format!("{outcome:#?}"))
}

fn a_reader_that_goes_away_ends_the_run() -> TestResult {
    let files = Files::with("script.js", "for (;;) { console.log('y'); await 0; }")?;
    let mut child = Command::new(SHELL)
        .arg(files.path("script.js"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(text)?;
    let mut stdout = child.stdout.take().ok_or("no pipe")?;
    let mut some = [0; 2];
    stdout.read_exact(&mut some).map_err(text)?;
    ensure(&some == b"y\n", format!("{some:?}"))?;
    drop(stdout);
    let output = child.wait_with_output().map_err(text)?;
    ensure(output.status.code() == Some(1), format!("{output:?}"))?;
    ensure(output.stderr.is_empty(), format!("{output:?}"))
}

fn messages_are_formatted_as_consoles_do() -> TestResult {
    let script = "console.log('%s is %d', 'six', 6, 'more');
console.log('100%');
console.log({ a: 1 }, [1, 2], null, undefined);
console.log('two\\nlines');
console.log('');
console.log('ü€😀');";
    let outcome = run_script(&[], script, &[])?.expect_status(0)?;
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    ensure(lines.len() == 7, format!("{lines:?}"))?;
    ensure(
        lines[0] == "six is 6 more" && lines[1] == "100%",
        format!("{lines:?}"),
    )?;
    ensure(
        lines[3..] == ["two", "lines", "", "ü€😀"],
        format!("{lines:?}"),
    )
}

fn a_closed_standard_output_does_no_harm() -> TestResult {
    let files = Files::with("script.js", "console.error('still here');")?;
    let status = Command::new("sh")
        .arg("-c")
        .arg("exec \"$0\" \"$1\" >&- 2>/dev/null")
        .arg(SHELL)
        .arg(files.path("script.js"))
        .status()
        .map_err(text)?;
    ensure(status.code() == Some(0), format!("{status}"))
}
