/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Preferences by name.

use std::fs;

use direct_sockets_webview::{
    Error, Preference, WebViewBuilder, parse_preference, preference_exists,
};

use crate::harness::{self, PATIENCE, TestResult, builder, ensure, open, open_with, same, text};

harness::tests! {
    both: [a_preference_reaches_pages],
    single: [
        unknown_names_are_refused,
        other_types_are_refused,
        texts_are_parsed_by_type,
        files_are_read_and_checked,
        the_files_of_this_project_are_valid,
        the_last_of_several_counts,
    ]
}

/// A switch of Servo that a page can see.
const VISIBLE: &str = "dom_notification_enabled";

fn a_preference_reaches_pages() -> TestResult {
    let webview = open_with(builder().preference(VISIBLE, true), "")?;
    let kind = webview.evaluate("typeof Notification").map_err(text)?;
    same("switched on", kind.as_str(), Some("function"))?;
    webview.set_preference(VISIBLE, false).map_err(text)?;
    webview.reload();
    webview.wait_for_load(PATIENCE).map_err(text)?;
    let kind = webview.evaluate("typeof Notification").map_err(text)?;
    same("switched off", kind.as_str(), Some("undefined"))
}

fn build_error(builder: WebViewBuilder) -> Result<Error, String> {
    builder
        .build()
        .err()
        .ok_or("the webview was built".to_owned())
}

fn unknown_names_are_refused() -> TestResult {
    ensure(!preference_exists("no_such_preference"), "it exists")?;
    ensure(preference_exists(VISIBLE), "the other does not")?;
    let error = build_error(builder().preference("no_such_preference", true))?;
    same(
        "the message",
        error.to_string().as_str(),
        "unknown preference `no_such_preference`",
    )?;
    let error = parse_preference("no_such_preference", "1")
        .err()
        .ok_or("parsed")?;
    ensure(
        matches!(error, Error::UnknownPreference { .. }),
        error.to_string(),
    )?;
    let webview = open("")?;
    let error = webview
        .set_preference("no_such_preference", 1)
        .err()
        .ok_or("set")?;
    ensure(
        matches!(error, Error::UnknownPreference { .. }),
        error.to_string(),
    )
}

fn other_types_are_refused() -> TestResult {
    for (name, value) in [
        (VISIBLE, Preference::from("yes")),
        (VISIBLE, Preference::from(1)),
        ("user_agent", Preference::from(true)),
        ("session_history_max_length", Preference::from("many")),
        ("network_connection_timeout", Preference::from(-1)),
        (
            "shell_background_color_rgba",
            Preference::Numbers(vec![1.0, 2.0]),
        ),
    ] {
        let shown = value.to_string();
        let message = build_error(builder().preference(name, value))?.to_string();
        ensure(
            message.contains(name) && message.contains(&shown),
            format!("{name} or {shown} is not in: {message}"),
        )?;
    }
    Ok(())
}

fn texts_are_parsed_by_type() -> TestResult {
    for (name, text, expected) in [
        (VISIBLE, "true", Some(Preference::Bool(true))),
        (VISIBLE, "1", None),
        (VISIBLE, "", None),
        (
            "user_agent",
            "true",
            Some(Preference::Text("true".to_owned())),
        ),
        ("user_agent", "", Some(Preference::Text(String::new()))),
        (
            "session_history_max_length",
            "-3",
            Some(Preference::Integer(-3)),
        ),
        ("session_history_max_length", "3.5", None),
        (
            "network_connection_timeout",
            "7",
            Some(Preference::Integer(7)),
        ),
        ("network_connection_timeout", "-7", None),
        (
            "shell_background_color_rgba",
            "1, 0.5, 0, 1",
            Some(Preference::Numbers(vec![1.0, 0.5, 0.0, 1.0])),
        ),
        ("shell_background_color_rgba", "1,0.5", None),
    ] {
        same(
            &format!("{name}={text}"),
            parse_preference(name, text).ok(),
            expected,
        )?;
    }
    Ok(())
}

fn files_are_read_and_checked() -> TestResult {
    let directory = tempfile::tempdir().map_err(text)?;
    let path = directory.path().join("prefs.json");
    for (contents, part) in [
        ("[]", "not a JSON object"),
        ("{", "not a JSON object"),
        ("{\"no_such_preference\": 1}", "no_such_preference"),
        ("{\"user_agent\": null}", "user_agent"),
        ("{\"user_agent\": {}}", "user_agent"),
        ("{\"user_agent\": 3}", "user_agent"),
    ] {
        fs::write(&path, contents).map_err(text)?;
        let message = build_error(builder().preferences_file(&path))?.to_string();
        ensure(
            message.contains(part),
            format!("`{part}` is not in: {message}"),
        )?;
    }
    fs::write(
        &path,
        "{\"user_agent\": \"From/File\", \"session_history_max_length\": 5, \
          \"shell_background_color_rgba\": [0, 0, 0, 1]}",
    )
    .map_err(text)?;
    let webview = open_with(builder().preferences_file(&path), "")?;
    let agent = webview.evaluate("navigator.userAgent").map_err(text)?;
    same("navigator.userAgent", agent.as_str(), Some("From/File"))
}

fn the_files_of_this_project_are_valid() -> TestResult {
    let resources = concat!(env!("CARGO_MANIFEST_DIR"), "/../../resources");
    let webview = open_with(
        builder()
            .preferences_file(format!("{resources}/prefs.json"))
            .preferences_file(format!("{resources}/wpt-prefs.json")),
        "",
    )?;
    let kind = webview.evaluate("typeof TCPSocket").map_err(text)?;
    same("typeof TCPSocket", kind.as_str(), Some("function"))
}

fn the_last_of_several_counts() -> TestResult {
    let builder = builder()
        .preference("user_agent", "First")
        .preference("user_agent", "Second");
    let webview = open_with(builder, "")?;
    let agent = webview.evaluate("navigator.userAgent").map_err(text)?;
    same("navigator.userAgent", agent.as_str(), Some("Second"))
}
