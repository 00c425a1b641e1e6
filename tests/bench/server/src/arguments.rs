/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::collections::HashMap;
use std::str::FromStr;
use std::time::Duration;

/// Words, and options with a value each.
pub(crate) struct Arguments {
    words: Vec<String>,
    options: HashMap<String, String>,
}

impl Arguments {
    /// Read a command line, the name of the program left out.
    pub(crate) fn of(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut found = Self {
            words: Vec::new(),
            options: HashMap::new(),
        };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            match argument.strip_prefix("--") {
                Some(name) => {
                    let value = arguments
                        .next()
                        .ok_or_else(|| format!("--{name} needs a value"))?;
                    found.options.insert(name.to_owned(), value);
                },
                None => found.words.push(argument),
            }
        }
        Ok(found)
    }

    /// What is no option.
    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }

    /// An option, or what it is where it was not given.
    pub(crate) fn get<T: FromStr>(&self, name: &str, default: T) -> Result<T, String> {
        match self.options.get(name) {
            None => Ok(default),
            Some(value) => value
                .parse()
                .map_err(|_| format!("--{name} {value}: cannot be read")),
        }
    }

    /// An option that is a number of seconds, at most an hour.
    pub(crate) fn seconds(&self, name: &str, default: f64) -> Result<Duration, String> {
        let value = self.get(name, default)?;
        if (0.0..=3600.0).contains(&value) {
            Ok(Duration::from_secs_f64(value))
        } else {
            Err(format!("--{name} {value}: from 0 to 3600 seconds"))
        }
    }

    /// The ports in `--port`, at least one.
    pub(crate) fn ports(&self) -> Result<Vec<u16>, String> {
        let text: String = self.get("port", String::new())?;
        text.split(',')
            .map(|port| port.parse().map_err(|_| format!("--port {text}: no port")))
            .collect()
    }
}
