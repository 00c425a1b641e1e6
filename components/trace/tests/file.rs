/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use direct_sockets_trace::TraceFile;
use libtest_mimic::Trial;

use crate::support::{FOREIGN, PATIENCE, Place, lines};
use crate::trials;

pub fn tests() -> Vec<Trial> {
    trials!(file:
        a_file_that_has_ended_is_strict_json,
        a_file_without_an_end_has_whole_lines,
        what_a_file_held_is_lost,
        a_file_that_another_run_writes_is_left_alone,
        what_cannot_be_a_trace_is_an_error,
        what_is_no_trace_is_not_joined_and_stays_as_it_is,
        the_limit_is_told_once,
        the_end_waits_for_who_still_writes_but_not_for_ever,
    )
}

const NO_LIMIT: u64 = u64::MAX;
const LINE: &[u8] = b"{\"name\":\"x\"},\n";

fn a_file_that_has_ended_is_strict_json() {
    let place = Place::new();
    let mut file = TraceFile::create(&place.path(), NO_LIMIT).unwrap();
    assert!(file.append(LINE));
    let mut other = TraceFile::join(&place.path(), NO_LIMIT).unwrap();
    assert!(other.append(&[LINE, LINE].concat()));
    drop(other);
    assert!(file.finish(PATIENCE));
    let events = place.events();
    assert_eq!(events.len(), 4);
    assert_eq!(events[3]["name"], "the trace ends");
    // Nothing comes behind the end.
    assert!(!file.append(LINE));
    assert_eq!(place.events(), events);
}

fn a_file_without_an_end_has_whole_lines() {
    let place = Place::new();
    let mut file = TraceFile::create(&place.path(), NO_LIMIT).unwrap();
    file.append(LINE);
    drop(file);
    assert_eq!(place.text(), "[\n{\"name\":\"x\"},\n");
}

fn what_a_file_held_is_lost() {
    let place = Place::new();
    fs::write(place.path(), FOREIGN).unwrap();
    let mut file = TraceFile::create(&place.path(), NO_LIMIT).unwrap();
    assert!(file.finish(PATIENCE));
    assert_eq!(place.events().len(), 1);
}

fn a_file_that_another_run_writes_is_left_alone() {
    let place = Place::new();
    let mut file = TraceFile::create(&place.path(), NO_LIMIT).unwrap();
    file.append(LINE);
    let before = place.text();
    let error = TraceFile::create(&place.path(), NO_LIMIT).unwrap_err();
    assert!(error.to_string().contains("another run"), "{error}");
    assert_eq!(place.text(), before);
    drop(file);
    TraceFile::create(&place.path(), NO_LIMIT).unwrap();
}

fn what_cannot_be_a_trace_is_an_error() {
    let place = Place::new();
    let directory = place.path().join("no/way");
    let kind = |path: &Path| TraceFile::create(path, NO_LIMIT).unwrap_err().kind();
    assert_eq!(kind(&directory), ErrorKind::NotFound);
    assert_eq!(
        kind(place.path().parent().unwrap()),
        ErrorKind::IsADirectory
    );
    let error = TraceFile::create(Path::new("/dev/null"), NO_LIMIT).unwrap_err();
    assert!(error.to_string().contains("not a regular file"), "{error}");
}

fn what_is_no_trace_is_not_joined_and_stays_as_it_is() {
    let place = Place::new();
    let join = || TraceFile::join(&place.path(), NO_LIMIT);
    assert_eq!(join().unwrap_err().kind(), ErrorKind::NotFound);
    assert!(!place.path().exists());
    for text in ["", "[", "somebody else's", "[\n{}\n]\n", "[\n\n]\n"] {
        fs::write(place.path(), text).unwrap();
        join().unwrap_err();
        assert_eq!(place.text(), text);
    }
    fs::write(place.path(), "[\n").unwrap();
    join().unwrap();
}

fn the_limit_is_told_once() {
    let place = Place::new();
    let limit = 1000;
    let mut file = TraceFile::create(&place.path(), limit).unwrap();
    let mut other = TraceFile::join(&place.path(), limit).unwrap();
    while other.append(&LINE.repeat(5)) {}
    // Nobody writes any more.
    assert!(!file.append(LINE));
    assert!(!other.append(LINE));
    drop(other);
    let length = place.text().len() as u64;
    assert!((limit..limit + 250).contains(&length), "{length}");
    let told = |text: &str| {
        let lines = lines(text);
        lines
            .iter()
            .filter(|line| line["name"] == "the trace is full")
            .count()
    };
    assert_eq!(told(&place.text()), 1);
    // It has an end all the same.
    assert!(file.finish(PATIENCE));
    assert_eq!(told(&place.text()), 1);
    assert!(place.events().len() > 50);
}

fn the_end_waits_for_who_still_writes_but_not_for_ever() {
    let place = Place::new();
    let mut file = TraceFile::create(&place.path(), NO_LIMIT).unwrap();
    let mut other = TraceFile::join(&place.path(), NO_LIMIT).unwrap();
    assert!(!file.finish(Duration::ZERO));
    drop(file);
    assert!(other.append(LINE));
    assert_eq!(lines(&place.text()).len(), 1);
    drop(other);

    // Another file: a process that is being started by another test may hold that one for a moment more.
    let place = Place::new();
    let mut file = TraceFile::create(&place.path(), NO_LIMIT).unwrap();
    let mut other = TraceFile::join(&place.path(), NO_LIMIT).unwrap();
    let writes = std::thread::spawn(move || {
        for _ in 0..1000 {
            assert!(other.append(LINE));
        }
    });
    assert!(file.finish(PATIENCE));
    writes.join().unwrap();
    assert_eq!(place.events().len(), 1001);
    TraceFile::join(&place.path(), NO_LIMIT).unwrap_err();
}
