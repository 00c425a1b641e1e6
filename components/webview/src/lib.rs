/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! A Servo webview whose pages may use Direct Sockets, for embedding in applications.
//!
//! ```no_run
//! use direct_sockets_webview::{Origins, WebViewBuilder};
//!
//! fn main() -> Result<(), direct_sockets_webview::Error> {
//!     // This executable is started again as the net process; that call takes over then.
//!     direct_sockets_webview::init();
//!     WebViewBuilder::new()
//!         .serve_directory("https://app.test", "pages")
//!         .url("https://app.test/index.html")
//!         .origins(Origins::served())
//!         .window("My application")
//!         .build()?
//!         .run()
//! }
//! ```
//!
//! - **One call at the top of `main`**: [`init`]. Without it [`WebViewBuilder::build`] refuses.
//! - **Pages without a server**: [`WebViewBuilder::serve`], [`WebViewBuilder::serve_directory`] and
//!   [`WebViewBuilder::serve_page`] answer for any https origin, inside of the process.
//! - **Who may use sockets**: the origins that are served so. [`Origins`] widens that.
//! - **What happens** is told to a [`Delegate`].
//! - **What sockets there are**, and what they have moved: [`WebView::socket_statistics`] and
//!   [`WebView::net_statistics`].
//! - **The end**: dropping the last [`WebView`] closes the page, Servo and the net process, and waits for each
//!   at most [`SHUTDOWN_TIMEOUT`].
//!
//! A complete application of less than sixty lines is in `examples/tcp_page.rs`.

mod addresses;
mod bridge;
mod builder;
mod content;
mod delegate;
mod directory;
mod error;
mod event_loop;
mod origins;
mod panics;
mod prefs;
mod process;
mod screenshot;
mod serve;
mod shutdown;
mod token;
mod trace;
mod value;
mod webview;
mod window;

pub use direct_sockets_broker::{
    AddressGrant, AddressRequest, AddressSpace, AddressUse, Decision, PortFloors, Remember,
};
pub use direct_sockets_traits::{
    Address, NetStatistics, Owner, RingStatistics, SocketKey, SocketKind, SocketList,
    SocketStatistics, TRACE_VARIABLE,
};
pub use url::Url;

pub use crate::builder::{NetProcess, WebViewBuilder};
pub use crate::delegate::{
    ConsoleLevel, Delegate, DialogKind, DialogRequest, NavigationRequest, PermissionRequest,
};
pub use crate::directory::{Directory, content_type, file_response};
pub use crate::error::{Error, Result, ScriptError};
pub use crate::event_loop::Waker;
pub use crate::origins::Origins;
pub use crate::prefs::{Preference, exists as preference_exists, parse as parse_preference};
pub use crate::process::init;
pub use crate::screenshot::Screenshot;
pub use crate::serve::{Request, Response};
pub use crate::shutdown::SHUTDOWN_TIMEOUT;
pub use crate::token::random as random_token;
pub use crate::trace::{finish_trace, start_trace};
pub use crate::value::Value;
pub use crate::webview::WebView;
