/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use servo::JSValue;

/// A value that a script of the page returned.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `undefined`
    Undefined,
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number
    Number(f64),
    /// A string
    Text(String),
    /// An array
    Array(Vec<Value>),
    /// The own properties of an object, sorted by name.
    Object(Vec<(String, Value)>),
    /// Something that has no meaning outside of the page, such as an element.
    Opaque,
}

impl Value {
    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The truth value, if it is one. Nothing is converted.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Self::Array(values) => Some(values),
            _ => None,
        }
    }

    /// The property `name`, if it is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Object(properties) => properties
                .iter()
                .find(|(property, _)| property == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }
}

impl From<JSValue> for Value {
    fn from(value: JSValue) -> Self {
        match value {
            JSValue::Undefined => Self::Undefined,
            JSValue::Null => Self::Null,
            JSValue::Boolean(value) => Self::Bool(value),
            JSValue::Number(value) => Self::Number(value),
            JSValue::String(value) => Self::Text(value),
            JSValue::Element(_)
            | JSValue::ShadowRoot(_)
            | JSValue::Frame(_)
            | JSValue::Window(_) => Self::Opaque,
            JSValue::Array(values) => Self::Array(values.into_iter().map(Self::from).collect()),
            JSValue::Object(properties) => {
                let mut properties: Vec<_> = properties
                    .into_iter()
                    .map(|(name, value)| (name, Self::from(value)))
                    .collect();
                properties.sort_by(|left, right| left.0.cmp(&right.0));
                Self::Object(properties)
            },
        }
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            // Everything here was written by JSON.stringify, whose numbers are doubles.
            serde_json::Value::Number(number) => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(value) => Self::Text(value),
            serde_json::Value::Array(values) => {
                Self::Array(values.into_iter().map(Self::from).collect())
            },
            serde_json::Value::Object(properties) => Self::Object(
                properties
                    .into_iter()
                    .map(|(name, value)| (name, Self::from(value)))
                    .collect(),
            ),
        }
    }
}
