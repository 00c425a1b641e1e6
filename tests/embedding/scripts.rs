/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Scripts that the application runs in the page.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use direct_sockets_webview::{ConsoleLevel, Delegate, Error, Value, WebView};

use crate::harness::{self, TestResult, ask, ask_error, ensure, open, same, text};

harness::tests! {
    both: [
        evaluate_returns_values_of_every_kind,
        evaluate_async_awaits,
        an_async_error_tells_what_and_where,
        lines_of_the_page_are_no_answers,
    ],
    single: [
        an_error_tells_what_and_where,
        what_cannot_be_json_is_an_error,
        an_answer_that_does_not_come_is_a_timeout,
        an_answer_that_comes_too_late_is_no_line_of_the_page,
        an_open_console_group_does_not_hide_answers,
    ]
}

fn evaluate_returns_values_of_every_kind() -> TestResult {
    let webview = open("")?;
    for (script, expected) in [
        ("undefined", Value::Undefined),
        ("null", Value::Null),
        ("true", Value::Bool(true)),
        ("1.5", Value::Number(1.5)),
        ("'t' + 'ext'", Value::Text("text".to_owned())),
        (
            "[1, ['two']]",
            Value::Array(vec![
                Value::Number(1.0),
                Value::Array(vec![Value::Text("two".to_owned())]),
            ]),
        ),
        ("document.body", Value::Opaque),
    ] {
        same(script, webview.evaluate(script).map_err(text)?, expected)?;
    }
    let object = webview
        .evaluate("({ a: 1, b: { c: 'x' } })")
        .map_err(text)?;
    same(
        "a property",
        object.get("a").and_then(Value::as_f64),
        Some(1.0),
    )?;
    let inner = object
        .get("b")
        .and_then(|inner| inner.get("c"))
        .and_then(Value::as_str);
    same("a property of a property", inner, Some("x"))?;
    same("no such property", object.get("z"), None)
}

fn evaluate_async_awaits() -> TestResult {
    let webview = open("")?;
    let value = ask(
        &webview,
        "await new Promise((resolve) => setTimeout(resolve, 10)); return { n: 1, list: [null, '%s %d'] };",
    )?;
    same("n", value.get("n").and_then(Value::as_f64), Some(1.0))?;
    same(
        "list",
        value.get("list").and_then(Value::as_array),
        Some([Value::Null, Value::Text("%s %d".to_owned())].as_slice()),
    )?;
    same("nothing", ask(&webview, "")?, Value::Undefined)
}

fn an_async_error_tells_what_and_where() -> TestResult {
    let webview = open("")?;
    let error = ask_error(&webview, "await null; throw new RangeError('too far');")?;
    same("message", error.message.as_str(), "RangeError: too far")?;
    ensure(error.line > 0, "no line")?;
    let error = ask_error(&webview, "throw 'a string';")?;
    same("message", error.message.as_str(), "a string")?;
    let error = ask_error(&webview, "throw null;")?;
    same("message", error.message.as_str(), "null")
}

fn lines_of_the_page_are_no_answers() -> TestResult {
    let webview =
        open("<script>setInterval(() => console.log('{\"value\": \"wrong\"}'), 1);</script>")?;
    for number in 0..50 {
        let value = ask(&webview, &format!("console.log('noise'); return {number};"))?;
        same("the value", value.as_f64(), Some(f64::from(number)))?;
    }
    Ok(())
}

fn an_error_tells_what_and_where() -> TestResult {
    let webview = open("")?;
    match webview.evaluate("\n\nnothingOfThatName") {
        Err(Error::Script(error)) => {
            ensure(
                error.message.contains("nothingOfThatName"),
                format!("message: {}", error.message),
            )?;
            same("line", error.line, 3)
        },
        other => Err(format!("no error of the script but {other:?}")),
    }?;
    match webview.evaluate("no script at all") {
        Err(Error::Script(_)) => Ok(()),
        other => Err(format!("no error of the script but {other:?}")),
    }
}

fn what_cannot_be_json_is_an_error() -> TestResult {
    let webview = open("")?;
    let error = ask_error(&webview, "return 1n;")?;
    ensure(
        error.message.contains("BigInt"),
        format!("message: {}", error.message),
    )
}

fn an_answer_that_does_not_come_is_a_timeout() -> TestResult {
    let webview = open("")?;
    match webview.evaluate_async("await new Promise(() => {});", Duration::from_millis(50)) {
        Err(Error::Timeout(_)) => {},
        other => return Err(format!("no timeout but {other:?}")),
    }
    // The next one is not disturbed.
    same("the next", ask(&webview, "return 1;")?.as_f64(), Some(1.0))
}

fn an_answer_that_comes_too_late_is_no_line_of_the_page() -> TestResult {
    #[derive(Default)]
    struct Lines(RefCell<Vec<String>>);
    impl Delegate for Lines {
        fn show_console_message(&self, _: &WebView, _: ConsoleLevel, message: &str) {
            self.0.borrow_mut().push(message.to_owned());
        }
    }
    let lines = Rc::new(Lines::default());
    let webview = harness::open_with(harness::builder().delegate(lines.clone()), "")?;
    // It is given up before it can answer: the page answers only when it is told to.
    let body = "await new Promise(resolve => { globalThis.answer = resolve; });";
    match webview.evaluate_async(body, Duration::from_millis(50)) {
        Err(Error::Timeout(_)) => {},
        other => return Err(format!("no timeout but {other:?}")),
    }
    webview
        .evaluate("answer(); setTimeout(() => console.log('the page'), 0); undefined")
        .map_err(|error| error.to_string())?;
    webview
        .run_until(Some(harness::PATIENCE), || !lines.0.borrow().is_empty())
        .map_err(|error| error.to_string())?;
    let seen = lines.0.borrow().clone();
    same("the lines", seen, vec!["the page".to_owned()])
}

fn an_open_console_group_does_not_hide_answers() -> TestResult {
    let webview = open("<script>console.group('deep'); console.group('deeper');</script>")?;
    same(
        "the value",
        ask(&webview, "return 'found';")?.as_str(),
        Some("found"),
    )
}
