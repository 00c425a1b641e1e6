/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Direct Sockets: <https://wicg.github.io/direct-sockets/>
//!
//! Invariants, for whoever edits this folder:
//!
//! 1. State changes before promises settle; after anything that can run page code, look again.
//! 2. Every result from the OS reaches the page in a task on the socket's own task source, in the order
//!    in which it happened. What has arrived together runs in one turn of the event loop, each with the microtask
//!    checkpoint that ends a task ([`directsocketsclient::DirectSocketsClient::handle_arrivals`]). Only a refused
//!    chunk, a cancel, and abort and close of UDP are answered without one.
//! 3. `closed` is settled in one place, [`socketcore::DirectSocket::settle_closed`].
//! 4. A side of a socket ends once; each end sets its own flag first and then looks at the other's.
//! 5. Threads other than the script thread touch only [`connection::Connection`]; what they learn comes back
//!    as a task that holds the global, never a socket, so that an idle socket can be collected.
//! 6. Nothing in here opens, or names, a socket of the OS.

use std::cell::RefCell;
use std::ffi::CString;

use direct_sockets_policy::AllowedOrigins;
use direct_sockets_traits::{DnsQueryType, OptionError};
use script_bindings::inheritance::Castable;
use servo_config::pref;

use crate::dom::bindings::codegen::Bindings::TCPSocketBinding::SocketDnsQueryType;
use crate::dom::bindings::codegen::Bindings::WindowBinding::WindowMethods;
use crate::dom::bindings::error::{Error, Fallible};
use crate::dom::globalscope::GlobalScope;
use crate::dom::window::Window;
use crate::dom::workerglobalscope::WorkerGlobalScope;

pub(crate) mod anysocket;
pub(crate) mod buffersource;
pub(crate) mod connection;
pub(crate) mod directsocketsclient;
pub(crate) mod documentpolicy;
pub(crate) mod rings;
pub(crate) mod route;
pub(crate) mod sink;
pub(crate) mod socketcore;
pub(crate) mod sockethandle;
pub(crate) mod source;
pub(crate) mod tcpserversocket;
pub(crate) mod tcpsocket;
pub(crate) mod udpsocket;
pub(crate) mod writeside;

/// <https://html.spec.whatwg.org/multipage/#allowed-to-use>, for the policy-controlled feature
/// <https://wicg.github.io/direct-sockets/#permissions-policy>, and the word of the embedder about origins.
///
/// A worker has the answer that its creator had when it made the worker (decision AMB-69).
pub(crate) fn allowed_to_use(global: &GlobalScope) -> bool {
    let allowed_by_policy = if let Some(window) = global.downcast::<Window>() {
        let document = window.Document();
        // A document with an opaque origin is a sandboxed frame, or came from a data: URL.
        document.origin().immutable().is_tuple() && document.allowed_to_use_direct_sockets()
    } else if let Some(worker) = global.downcast::<WorkerGlobalScope>() {
        worker.allowed_to_use_direct_sockets()
    } else {
        false
    };
    allowed_by_policy && allowed_by_embedder(global)
}

/// Step 1 of the three constructors.
fn check_allowed_to_use(global: &GlobalScope) -> Fallible<()> {
    if allowed_to_use(global) {
        return Ok(());
    }
    Err(Error::NotAllowed(Some(
        "Direct sockets are not allowed here: by the Permissions-Policy \"direct-sockets\" of the document, because \
         it is not fully active or has an opaque origin, or by the embedder for this origin."
            .to_owned(),
    )))
}

/// The TypeError for a member that a constructor refuses.
fn refused_option(error: OptionError) -> Error {
    // A NUL can come from a text of the page that the message repeats.
    let message = error.to_string().replace('\0', "\u{fffd}");
    Error::Type(CString::new(message).unwrap_or_default())
}

fn dns_query_type(query_type: SocketDnsQueryType) -> DnsQueryType {
    match query_type {
        SocketDnsQueryType::Ipv4 => DnsQueryType::Ipv4,
        SocketDnsQueryType::Ipv6 => DnsQueryType::Ipv6,
    }
}

thread_local! {
    /// The preference about origins as it was last seen, and what it says: to understand it takes as long as half of
    /// a constructor.
    static ALLOWED_ORIGINS: RefCell<Option<(String, AllowedOrigins)>> = const { RefCell::new(None) };
}

/// Whether the embedder lets this origin use sockets at all. The broker decides the same again.
fn allowed_by_embedder(global: &GlobalScope) -> bool {
    let preference = pref!(dom_direct_sockets_allowed_origins);
    let origin = global.origin().immutable().clone();
    let origin = origin.ascii_serialization();
    ALLOWED_ORIGINS.with_borrow_mut(|seen| match seen {
        Some((text, origins)) if *text == preference => origins.allows(&origin),
        _ => {
            let origins = AllowedOrigins::parse(&preference);
            let allows = origins.allows(&origin);
            *seen = Some((preference, origins));
            allows
        },
    })
}
