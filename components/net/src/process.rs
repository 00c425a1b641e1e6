/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The process: how it begins, whom it obeys, when it ends.

use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;
use std::rc::{Rc, Weak};
use std::time::Duration;

use direct_sockets_traits::PROTOCOL_VERSION;
use direct_sockets_traits::limits::LINGER_MS;
use direct_sockets_wire::{Control, Endpoint, Hello, ReceiveError, Wait};
use log::{debug, error, warn};
use tokio::io::Interest;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

use crate::batch::Batch;
use crate::budget::Budget;
use crate::burst::Bursts;
use crate::channel::{Scratch, receive, watch};
use crate::client::{Client, Common};
use crate::descriptors;
use crate::figures::{answer_sockets, answer_totals};
use crate::origins::Origins;
use crate::questions::Questions;
use crate::resolver::{Resolve, SystemResolver};
use crate::statistics::{Statistics, WakeUps};

/// The argument that turns an executable into the net process. A token follows it.
pub const NET_PROCESS_FLAG: &str = "--direct-sockets-net";

/// The name of the process where threads have names.
const PROCESS_NAME: &core::ffi::CStr = c"direct-sockets";

/// How long the orderly end may take.
const GOODBYE: Duration = Duration::from_millis(500);

/// The most threads that resolve names.
const MAX_RESOLVER_THREADS: usize = 128;

/// Become the net process if the command line asks for it (`EXE --direct-sockets-net TOKEN`), and
/// return what `main` is to return. `None` in all other cases.
///
/// Call this before anything else in `main`: it closes every descriptor that the process inherited.
pub fn run_if_requested() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != NET_PROCESS_FLAG {
        return None;
    }
    let token = arguments.next().map(OsString::into_string);
    let (Some(Ok(token)), None) = (token, arguments.next()) else {
        eprintln!("{NET_PROCESS_FLAG} needs exactly one argument, a token");
        return Some(ExitCode::from(2));
    };
    Some(run(&token))
}

/// Be the net process: report to the broker that listens at `token`, and serve until it lets go.
///
/// Call this before anything else in `main`: it closes every descriptor that the process inherited.
pub fn run(token: &str) -> ExitCode {
    descriptors::close_inherited();
    descriptors::ignore_sigpipe();
    // To standard error. An embedder that has set up logging already keeps its own.
    let _ = env_logger::Builder::new()
        .filter_level(log::LevelFilter::Warn)
        .parse_default_env()
        .try_init();
    let _ = rustix::thread::set_name(PROCESS_NAME);
    direct_sockets_trace::join("net");
    if let Err(error) = descriptors::raise_descriptor_limit() {
        warn!("The limit of open descriptors stays as it is: {error}");
    }
    let result = report_in(token).and_then(|(control, questions)| {
        serve(
            control,
            questions,
            Rc::new(SystemResolver::from_environment()),
        )
    });
    direct_sockets_trace::flush();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!("The net process fails: {error}");
            ExitCode::FAILURE
        },
    }
}

/// Connect to the broker and hand it the channel on which it is obeyed, and the one on which it is asked.
pub fn report_in(token: &str) -> io::Result<(Endpoint, Endpoint)> {
    let (own, control) = Endpoint::pair()?;
    let (own_questions, questions) = Endpoint::pair()?;
    let broker = Endpoint::connect(token)?;
    let hello = Hello {
        version: PROTOCOL_VERSION,
        pid: std::process::id(),
        control,
        questions,
    };
    let (message, descriptors) = hello.encode().map_err(io::Error::other)?;
    broker.send(&message, &descriptors, Wait::Forever)?;
    Ok((own, own_questions))
}

/// Serve until the control channel says so or closes. Names are resolved by `resolver`.
pub fn serve(control: Endpoint, questions: Endpoint, resolver: Rc<dyn Resolve>) -> io::Result<()> {
    let wake_ups = WakeUps::default();
    let counter = wake_ups.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(MAX_RESOLVER_THREADS)
        .thread_name("resolver")
        .on_thread_unpark(move || counter.one())
        .build()?;
    let result = LocalSet::new().block_on(&runtime, async {
        let common = Rc::new(Common {
            statistics: Rc::new(Statistics::new(wake_ups)),
            resolver,
            scratch: Scratch::default(),
            batch: Batch::default(),
            bursts: Bursts::default(),
            records: Cell::default(),
            questions: Questions::new(questions)?,
            origins: Origins::default(),
            clients: RefCell::default(),
            budget: Budget::new(descriptors::descriptor_limit()),
        });
        obey(control, &common).await
    });
    // A query that hangs is not waited for.
    runtime.shutdown_background();
    result
}

/// Carry out what the broker says. SIGTERM, which a machine sends that shuts down, is an orderly end as well.
async fn obey(control: Endpoint, common: &Rc<Common>) -> io::Result<()> {
    let control = watch(control, Interest::READABLE)?;
    let mut terminated = signal(SignalKind::terminate())?;
    loop {
        let message = tokio::select! {
            message = receive(&control, &common.scratch, Control::decode) => message,
            _ = terminated.recv() => Ok(Ok(Control::Exit)),
        };
        if message.is_ok() {
            common.statistics.control_messages.one();
        }
        match message {
            Ok(Ok(Control::Register {
                owner,
                grant,
                requests,
                events,
            })) => Client::start(common, owner, grant, requests, events),
            Ok(Ok(Control::Answer { id, allow })) => common.questions.answer(id, allow),
            Ok(Ok(Control::Statistics(reply))) => answer_totals(&reply, common),
            Ok(Ok(Control::Sockets { after, reply })) => answer_sockets(&reply, common, after),
            Ok(Ok(Control::Exit)) => {
                debug!("The net process is told to end");
                say_goodbye(common).await;
                return Ok(());
            },
            // Where no descriptor is left, those of a message are lost, and with them its client,
            // which hears that its channel broke.
            Ok(Err(_)) | Err(ReceiveError::Malformed(_)) => {
                warn!("A control message cannot be read");
            },
            Err(ReceiveError::Closed) => {
                debug!("The broker has gone");
                hand_over(common).await;
                return Ok(());
            },
            Err(ReceiveError::WouldBlock) => {},
            Err(ReceiveError::Io(error)) => return Err(error),
        }
    }
}

/// Tell the listening sockets of all clients that this is an orderly end, and wait for a while until it is on the way.
async fn say_goodbye(common: &Common) {
    let clients: Vec<_> = common
        .clients
        .borrow()
        .iter()
        .filter_map(Weak::upgrade)
        .collect();
    for client in &clients {
        client.end_listening();
    }
    let flushed = async {
        for client in &clients {
            client.flushed().await;
        }
    };
    if tokio::time::timeout(GOODBYE, flushed).await.is_err() {
        debug!("Some clients take no events and are not told");
    }
    hand_over(common).await;
}

/// Close every socket. What pages were told was written is given to the OS first, for a while.
async fn hand_over(common: &Common) {
    let clients: Vec<_> = common
        .clients
        .borrow()
        .iter()
        .filter_map(Weak::upgrade)
        .collect();
    for client in &clients {
        client.end();
    }
    let closed = async {
        while common.statistics.sockets() > 0 {
            common.statistics.fewer_sockets().await;
        }
    };
    let limit = Duration::from_millis(LINGER_MS) + GOODBYE;
    if tokio::time::timeout(limit, closed).await.is_err() {
        debug!("Some sockets do not close");
    }
}
