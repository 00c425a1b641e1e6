/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Preferences by name, with their types checked, since Servo itself panics on a wrong one.

use std::fs;
use std::path::Path;

use servo::{PrefValue, Preferences};

use crate::error::{Error, Result};

/// Whether pages have the interfaces at all.
pub(crate) const ENABLED: &str = "dom_direct_sockets_enabled";

/// The origins that may use them.
pub(crate) const ALLOWED_ORIGINS: &str = "dom_direct_sockets_allowed_origins";

/// The value of a preference.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Preference {
    /// `true` or `false`
    Bool(bool),
    /// A whole number; some preferences refuse negative ones.
    Integer(i64),
    /// Several numbers, such as a colour.
    Numbers(Vec<f64>),
    /// Text
    Text(String),
}

impl From<bool> for Preference {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Preference {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<i32> for Preference {
    fn from(value: i32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<u32> for Preference {
    fn from(value: u32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<&str> for Preference {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Preference {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl std::fmt::Display for Preference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(value) => write!(formatter, "{value}"),
            Self::Integer(value) => write!(formatter, "{value}"),
            Self::Numbers(values) => write!(formatter, "{values:?}"),
            Self::Text(value) => formatter.write_str(value),
        }
    }
}

/// What a preference can hold, read off the field of Servo's structure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Bool,
    Integer,
    Unsigned,
    Float,
    Colour,
    Text,
}

impl Kind {
    fn of(name: &str) -> Result<Self> {
        if !exists(name) {
            return Err(Error::UnknownPreference {
                name: name.to_owned(),
            });
        }
        match Preferences::type_of(name) {
            "bool" => Ok(Self::Bool),
            "i64" => Ok(Self::Integer),
            "u64" => Ok(Self::Unsigned),
            "f64" => Ok(Self::Float),
            "[f64; 4]" => Ok(Self::Colour),
            "alloc::string::String" => Ok(Self::Text),
            other => Err(Error::InvalidOption {
                option: "preference",
                value: name.to_owned(),
                reason: format!("is of a type that cannot be set ({other})"),
            }),
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Self::Bool => "`true` or `false`",
            Self::Integer => "a whole number",
            Self::Unsigned => "a whole number that is not negative",
            Self::Float => "a number",
            Self::Colour => "four numbers",
            Self::Text => "text",
        }
    }
}

/// Whether there is a preference of that name.
pub fn exists(name: &str) -> bool {
    Preferences::exists(name)
}

/// Turn `value` into what Servo takes for `name`.
pub(crate) fn checked(name: &str, value: &Preference) -> Result<PrefValue> {
    let kind = Kind::of(name)?;
    let converted = match (kind, value) {
        (Kind::Bool, Preference::Bool(value)) => Some(PrefValue::Bool(*value)),
        (Kind::Integer, Preference::Integer(value)) => Some(PrefValue::Int(*value)),
        (Kind::Unsigned, Preference::Integer(value)) => {
            u64::try_from(*value).ok().map(PrefValue::UInt)
        },
        (Kind::Float, Preference::Integer(value)) => Some(PrefValue::Float(*value as f64)),
        (Kind::Float, Preference::Numbers(values)) if values.len() == 1 => {
            Some(PrefValue::Float(values[0]))
        },
        (Kind::Colour, Preference::Numbers(values)) if values.len() == 4 => Some(PrefValue::Array(
            values.iter().copied().map(PrefValue::Float).collect(),
        )),
        (Kind::Text, Preference::Text(value)) => Some(PrefValue::Str(value.clone())),
        _ => None,
    };
    converted.ok_or_else(|| Error::PreferenceType {
        name: name.to_owned(),
        expected: kind.in_words(),
        value: value.to_string(),
    })
}

/// Read `text`, as written on a command line, as a value of the preference `name`.
pub fn parse(name: &str, text: &str) -> Result<Preference> {
    let kind = Kind::of(name)?;
    let trimmed = text.trim();
    let value = match kind {
        Kind::Bool => trimmed.parse().ok().map(Preference::Bool),
        Kind::Integer => trimmed.parse().ok().map(Preference::Integer),
        Kind::Unsigned => trimmed
            .parse()
            .ok()
            .filter(|value| *value >= 0)
            .map(Preference::Integer),
        Kind::Float => trimmed
            .parse()
            .ok()
            .map(|value| Preference::Numbers(vec![value])),
        Kind::Colour => trimmed
            .split(',')
            .map(|part| part.trim().parse().ok())
            .collect::<Option<Vec<f64>>>()
            .filter(|values| values.len() == 4)
            .map(Preference::Numbers),
        Kind::Text => Some(Preference::Text(text.to_owned())),
    };
    value.ok_or_else(|| Error::PreferenceType {
        name: name.to_owned(),
        expected: kind.in_words(),
        value: text.to_owned(),
    })
}

/// Read a JSON file of preferences: an object, names to values.
pub(crate) fn read_file(path: &Path) -> Result<Vec<(String, Preference)>> {
    let invalid = |reason: String| Error::InvalidOption {
        option: "preferences_file",
        value: path.display().to_string(),
        reason,
    };
    let text = fs::read_to_string(path).map_err(|source| Error::File {
        option: "preferences_file",
        path: path.to_owned(),
        source,
    })?;
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text)
        .map_err(|error| invalid(format!("is not a JSON object: {error}")))?;
    object
        .into_iter()
        .map(|(name, value)| {
            let preference = from_json(&value).ok_or_else(|| {
                invalid(format!(
                    "gives `{name}` a value that no preference can hold"
                ))
            })?;
            checked(&name, &preference)?;
            Ok((name, preference))
        })
        .collect()
}

fn from_json(value: &serde_json::Value) -> Option<Preference> {
    match value {
        serde_json::Value::Bool(value) => Some(Preference::Bool(*value)),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(value) => Some(Preference::Integer(value)),
            None => number
                .as_f64()
                .map(|value| Preference::Numbers(vec![value])),
        },
        serde_json::Value::String(value) => Some(Preference::Text(value.clone())),
        serde_json::Value::Array(values) => values
            .iter()
            .map(serde_json::Value::as_f64)
            .collect::<Option<Vec<f64>>>()
            .map(Preference::Numbers),
        serde_json::Value::Null | serde_json::Value::Object(_) => None,
    }
}
