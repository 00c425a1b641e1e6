/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use direct_sockets_broker::AddressGrant;
use direct_sockets_policy::AllowedOrigins;
use direct_sockets_traits::{NetStatistics, SocketList};
use dpi::PhysicalSize;
use euclid::Scale;
use servo::{JavaScriptEvaluationError, RenderingContext, Servo, UserContentManager};
use url::Url;

use crate::addresses::AddressRequests;
use crate::bridge::{Load, State};
use crate::content::ContentWatch;
use crate::delegate::Delegate;
use crate::error::{Error, Result, ScriptError};
use crate::event_loop::{EventLoop, Waker};
use crate::prefs::{self, Preference};
use crate::screenshot::Screenshot;
use crate::value::Value;
use crate::window::{Window, WindowAction};
use crate::{panics, shutdown, token};

/// How long [`WebView::evaluate`] and [`WebView::screenshot`] wait for the page.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a page that has just been loaded may be unknown to the part of Servo that runs scripts.
const READY_TIMEOUT: Duration = Duration::from_millis(500);

/// How often to ask in that time.
const READY_INTERVAL: Duration = Duration::from_millis(5);

/// After so many failures in a row, with a pause in between, a page has lost its content process.
const MAX_PROBES: u32 = 5;

/// A page in Servo, with sockets. Made by [`crate::WebViewBuilder`].
///
/// Cloning makes another handle to the same page. When the last handle is dropped the page is closed, Servo is
/// shut down, and the net process ends. Handles belong to one thread; only [`Waker`] may leave it.
///
/// Nothing happens in a webview on its own: its events are handled inside of [`WebView::spin`] and of everything
/// that waits ([`WebView::run`], [`WebView::run_until`], [`WebView::wait_for_load`], [`WebView::evaluate`] ...).
#[derive(Clone)]
pub struct WebView(pub(crate) Rc<Inner>);

/// The fields are dropped in the order that [`shutdown`] needs, not by this structure's own order.
pub(crate) struct Inner {
    pub(crate) view: Option<servo::WebView>,
    pub(crate) content_manager: Option<Rc<UserContentManager>>,
    pub(crate) servo: Option<Servo>,
    pub(crate) context: Rc<dyn RenderingContext>,
    pub(crate) events: EventLoop,
    pub(crate) state: Rc<State>,
    pub(crate) content: Option<ContentWatch>,
    pub(crate) address_requests: AddressRequests,
    pub(crate) spinning: Cell<bool>,
    pub(crate) probe_failures: Cell<u32>,
}

impl Inner {
    pub(crate) fn window(&self) -> Option<&Window> {
        self.events.window()
    }

    pub(crate) fn look_for_content_processes(&self) {
        if let Some(content) = &self.content {
            content.look();
        }
    }

    fn view(&self) -> &servo::WebView {
        // `None` only while being dropped, when nobody can call.
        self.view
            .as_ref()
            .expect("a webview has its view until it is dropped")
    }

    fn servo(&self) -> &Servo {
        self.servo
            .as_ref()
            .expect("a webview has its engine until it is dropped")
    }

    /// Handle everything that has happened.
    fn turn(&self) {
        self.spinning.set(true);
        if let Some(window) = self.events.window() {
            for action in window.take_actions() {
                self.act(window, action);
            }
        }
        self.servo().spin_event_loop();
        while let Some(request) = self.address_requests.take() {
            self.state.ask_about_address(request);
        }
        for reason in panics::take() {
            self.state.crashed(&reason, None);
        }
        if self.content.as_ref().is_some_and(ContentWatch::take_exit) {
            self.probe();
        }
        self.spinning.set(false);
    }

    /// A content process has ended. Perhaps it was this page's own, perhaps that of a page before or of a frame.
    /// Servo finds out when it next wants something of the page.
    fn probe(&self) {
        let state = self.state.clone();
        self.view().evaluate_javascript("undefined", move |result| {
            if let Some(inner) = state.owner() {
                inner.probed(result == Err(JavaScriptEvaluationError::InternalError));
            }
        });
    }

    fn probed(&self, has_failed: bool) {
        let failures = if has_failed {
            self.probe_failures.get() + 1
        } else {
            0
        };
        self.probe_failures.set(failures);
        // Servo gives the same answer for a moment while one page takes the place of another.
        if failures >= MAX_PROBES {
            self.probe_failures.set(0);
            self.state.crashed("its content process has ended", None);
        } else if has_failed && let Some(content) = &self.content {
            content.tell_again();
        }
    }

    fn act(&self, window: &Window, action: WindowAction) {
        match action {
            WindowAction::Redraw => {
                self.view().paint();
                window.present();
            },
            WindowAction::Resize(size) => {
                self.view().resize(size);
                window.request_redraw();
            },
            WindowAction::Scale(factor) => self.view().set_hidpi_scale_factor(Scale::new(factor)),
            WindowAction::Input(event) => {
                self.view().notify_input_event(event);
            },
            WindowAction::Close => self.state.close(),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        shutdown::shut_down(self);
    }
}

impl WebView {
    /// Where the page is.
    pub fn url(&self) -> Option<Url> {
        self.0.view().url()
    }

    /// The page's title.
    pub fn title(&self) -> Option<String> {
        self.0.view().page_title()
    }

    /// The size of the view in device pixels.
    pub fn size(&self) -> (u32, u32) {
        let size = self.0.context.size();
        (size.width, size.height)
    }

    /// Give the view another size. A window keeps its own.
    pub fn resize(&self, width: u32, height: u32) {
        if self.0.window().is_none() {
            self.0
                .view()
                .resize(PhysicalSize::new(width.max(1), height.max(1)));
        }
    }

    /// Go to another page. [`WebView::wait_for_load`] then waits for that one.
    pub fn load(&self, url: &str) -> Result<()> {
        let target = Url::parse(url).map_err(|error| Error::InvalidOption {
            option: "load",
            value: url.to_owned(),
            reason: format!("is not a URL: {error}"),
        })?;
        let is_same_document = target.fragment().is_some()
            && self.url().is_some_and(|mut current| {
                current.set_fragment(target.fragment());
                current == target
            });
        if !is_same_document {
            self.0.state.begin_load();
        }
        self.0.view().load(target);
        Ok(())
    }

    /// Load the page again.
    pub fn reload(&self) {
        self.0.state.begin_reload();
        self.0.view().reload();
    }

    /// Go back in the history, if there is anything to go back to.
    pub fn go_back(&self) {
        if self.0.view().can_go_back() {
            self.0.view().go_back(1);
        }
    }

    /// Go forward in the history, if there is anything to go forward to.
    pub fn go_forward(&self) {
        if self.0.view().can_go_forward() {
            self.0.view().go_forward(1);
        }
    }

    /// Whether the page has fired its `load` event.
    pub fn is_loaded(&self) -> bool {
        self.0.state.load.get() == Load::Complete
    }

    /// Whether the page has closed itself, or the user the window.
    pub fn is_closed(&self) -> bool {
        self.0.state.closed.get()
    }

    /// Why the page crashed, if it did.
    pub fn crash(&self) -> Option<String> {
        self.0.state.crash.borrow().clone()
    }

    /// Let another object hear what happens from now on.
    pub fn set_delegate(&self, delegate: Rc<dyn Delegate>) {
        self.0.state.set_delegate(delegate);
    }

    /// Something that ends the webview's sleep from any thread.
    pub fn waker(&self) -> Waker {
        self.0.events.waker().clone()
    }

    /// Handle what has happened; if nothing has, sleep for at most `timeout` until something does.
    pub fn spin(&self, timeout: Duration) -> Result<()> {
        self.guard("spin")?;
        self.0.events.wait(Some(Instant::now() + timeout));
        self.0.turn();
        Ok(())
    }

    /// Handle events until `condition` holds; `false` if it did not within `timeout`. `None` waits for ever.
    ///
    /// The condition is looked at after every event, and after each [`Waker::wake`]; in between the thread sleeps.
    pub fn run_until(
        &self,
        timeout: Option<Duration>,
        mut condition: impl FnMut() -> bool,
    ) -> Result<bool> {
        self.guard("run_until")?;
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        loop {
            self.0.turn();
            if condition() {
                return Ok(true);
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Ok(false);
            }
            self.0.events.wait(deadline);
        }
    }

    /// Handle events until the page closes itself or the user closes the window.
    pub fn run(&self) -> Result<()> {
        self.guard("run")?;
        self.run_until(None, || self.is_closed() || self.crash().is_some())?;
        self.check_crash()
    }

    /// Wait until the page has fired its `load` event.
    pub fn wait_for_load(&self, timeout: Duration) -> Result<()> {
        self.guard("wait_for_load")?;
        let done = self.run_until(Some(timeout), || {
            self.is_loaded() || self.is_closed() || self.crash().is_some()
        })?;
        self.check_crash()?;
        if self.is_closed() && !self.is_loaded() {
            return Err(Error::Closed);
        }
        if done {
            Ok(())
        } else {
            Err(Error::Timeout(timeout))
        }
    }

    /// Run `script` in the page and return the value of its last expression. A promise is not awaited:
    /// see [`WebView::evaluate_async`].
    pub fn evaluate(&self, script: &str) -> Result<Value> {
        self.guard("evaluate")?;
        self.evaluate_within(script, ANSWER_TIMEOUT)
    }

    fn evaluate_within(&self, script: &str, timeout: Duration) -> Result<Value> {
        // What Servo answers for a page that has crashed depends on how far it is with taking it down.
        self.check_crash()?;
        let started = Instant::now();
        loop {
            let answer = Rc::new(RefCell::new(None));
            let slot = answer.clone();
            self.0.view().evaluate_javascript(script, move |result| {
                *slot.borrow_mut() = Some(result);
            });
            let answered = self
                .run_until(Some(timeout.saturating_sub(started.elapsed())), || {
                    answer.borrow().is_some() || self.is_closed() || self.crash().is_some()
                })?;
            match answer.take() {
                Some(Ok(value)) => return Ok(Value::from(value)),
                // The news that a page is loaded can overtake the news that there is one. Nothing was run.
                Some(Err(
                    JavaScriptEvaluationError::InternalError
                    | JavaScriptEvaluationError::WebViewNotReady,
                )) if started.elapsed() < READY_TIMEOUT
                    && !self.is_closed()
                    && self.crash().is_none() =>
                {
                    self.run_until(Some(READY_INTERVAL), || false)?;
                },
                Some(Err(_)) if self.crash().is_some() => return Err(self.gone()),
                Some(Err(error)) => return Err(Error::Script(script_error(error))),
                None if answered => return Err(self.gone()),
                None => return Err(Error::Timeout(timeout)),
            }
        }
    }

    /// Run `body` as the body of an async function in the page, so that it may `await` and `return`; wait at most
    /// `timeout` for what it returns. The value travels as JSON.
    pub fn evaluate_async(&self, body: &str, timeout: Duration) -> Result<Value> {
        self.guard("evaluate_async")?;
        let token = token::random();
        let script = format!(
            "{{ const log = console.log.bind(console);
                (async () => {{ {body}\n }})()
                .then((value) => JSON.stringify({{ value }}))
                .then((text) => log('%s', '{token}' + text), (error) => log('%s', '{token}' + JSON.stringify({{
                    message: String(error),
                    file: error?.fileName, line: error?.lineNumber, column: error?.columnNumber, stack: error?.stack,
                }})));
            }} undefined"
        );
        self.0.state.expect_answer(&token);
        let started = Instant::now();
        let result = self.evaluate_within(&script, timeout).and_then(|_| {
            self.run_until(Some(timeout.saturating_sub(started.elapsed())), || {
                self.0.state.has_answer(&token) || self.is_closed() || self.crash().is_some()
            })
        });
        let answer = self.0.state.end_answer(&token);
        match (answer, result?) {
            (Some(text), _) => async_answer(&text),
            (None, true) => Err(self.gone()),
            (None, false) => Err(Error::Timeout(timeout)),
        }
    }

    /// A picture of the page, once it is loaded and drawn.
    pub fn screenshot(&self) -> Result<Screenshot> {
        self.guard("screenshot")?;
        let answer = Rc::new(RefCell::new(None));
        let slot = answer.clone();
        self.0.view().take_screenshot(None, move |result| {
            *slot.borrow_mut() = Some(result);
        });
        let answered = self.run_until(Some(ANSWER_TIMEOUT), || {
            answer.borrow().is_some() || self.is_closed() || self.crash().is_some()
        })?;
        match answer.take() {
            Some(Ok(image)) => Ok(Screenshot(image)),
            Some(Err(error)) => Err(Error::Screenshot {
                reason: format!("{error:?}"),
            }),
            None if answered => Err(self.gone()),
            None => Err(Error::Timeout(ANSWER_TIMEOUT)),
        }
    }

    /// [`WebView::screenshot`] into a PNG file.
    pub fn save_screenshot(&self, path: impl AsRef<Path>) -> Result<()> {
        self.screenshot()?.save_png(path)
    }

    /// Change a preference. Pages that are loaded from now on see it.
    pub fn set_preference(&self, name: &str, value: impl Into<Preference>) -> Result<()> {
        let value = value.into();
        let checked = prefs::checked(name, &value)?;
        if name == prefs::ALLOWED_ORIGINS
            && let Preference::Text(origins) = &value
        {
            direct_sockets_broker::set_allowed_origins(AllowedOrigins::parse(origins));
        }
        self.0.servo().set_preference(name, checked);
        Ok(())
    }

    /// Change where sockets may reach, of pages and workers that open their first socket from now on.
    pub fn set_addresses(&self, addresses: AddressGrant) {
        direct_sockets_broker::set_address_decisions(addresses);
    }

    /// Forget the answers that [`Delegate::request_address`](crate::Delegate::request_address) gave to be remembered.
    /// Open sockets keep what they have.
    pub fn forget_address_answers(&self) {
        direct_sockets_broker::forget_address_answers();
    }

    /// The id of the net process; `None` as long as no page has opened a socket.
    pub fn net_process_id(&self) -> Option<u32> {
        direct_sockets_broker::net_process_id()
    }

    /// The ids of the content processes that run now. Empty with [`crate::WebViewBuilder::multiprocess`] off, and
    /// where the system offers no way to watch them.
    pub fn content_process_ids(&self) -> Vec<u32> {
        self.0
            .content
            .as_ref()
            .map(ContentWatch::ids)
            .unwrap_or_default()
    }

    /// What the net process counts, of all pages and workers of this process together. `None` if there is none, which
    /// is so until a page has made its first socket, or if it does not answer within `timeout`.
    ///
    /// Counting is always on. Asking costs net one message, and a look at each of its sockets.
    pub fn net_statistics(&self, timeout: Duration) -> Option<NetStatistics> {
        direct_sockets_broker::statistics(timeout)
    }

    /// The sockets of all pages and workers of this process, each with what it has done. `None` as for
    /// [`Self::net_statistics`].
    ///
    /// Net tells of some sockets after the other, so this is not one moment: a socket that is opened or closed
    /// meanwhile may be missing, and none comes twice. Where `timeout` is too short for all of them, or where there are
    /// more than 16,384, [`SocketList::is_complete`] is false.
    ///
    /// ```no_run
    /// # fn show(webview: &direct_sockets_webview::WebView) {
    /// if let Some(list) = webview.socket_statistics(std::time::Duration::from_secs(1)) {
    ///     for socket in list.sockets {
    ///         println!("{:?} of {}: {} bytes in", socket.kind, socket.origin, socket.bytes_received);
    ///     }
    /// }
    /// # }
    /// ```
    pub fn socket_statistics(&self, timeout: Duration) -> Option<SocketList> {
        direct_sockets_broker::socket_statistics(timeout)
    }

    fn guard(&self, method: &'static str) -> Result<()> {
        if self.0.spinning.get() || self.0.state.nesting.get() > 0 {
            return Err(Error::InsideDelegate { method });
        }
        Ok(())
    }

    fn check_crash(&self) -> Result<()> {
        match self.crash() {
            Some(reason) => Err(Error::Crashed { reason }),
            None => Ok(()),
        }
    }

    /// Why there is no answer.
    fn gone(&self) -> Error {
        match self.crash() {
            Some(reason) => Error::Crashed { reason },
            None => Error::Closed,
        }
    }
}

fn script_error(error: JavaScriptEvaluationError) -> ScriptError {
    match error {
        JavaScriptEvaluationError::EvaluationFailure(Some(info)) => ScriptError {
            message: info.message,
            file: Some(info.filename),
            line: info.line_number,
            column: info.column,
            stack: info.stack,
        },
        other => ScriptError {
            message: match other {
                JavaScriptEvaluationError::CompilationFailure => {
                    "the script could not be compiled".to_owned()
                },
                JavaScriptEvaluationError::EvaluationFailure(_) => "the script threw".to_owned(),
                JavaScriptEvaluationError::DocumentNotFound
                | JavaScriptEvaluationError::WebViewNotReady => {
                    "there is no page yet, or no longer".to_owned()
                },
                JavaScriptEvaluationError::InternalError => "the engine failed".to_owned(),
                JavaScriptEvaluationError::SerializationError(reason) => {
                    format!("the value cannot be passed on ({reason:?})")
                },
            },
            ..ScriptError::default()
        },
    }
}

fn async_answer(text: &str) -> Result<Value> {
    let answer: serde_json::Value = serde_json::from_str(text).map_err(|error| {
        Error::Script(ScriptError {
            message: format!("unexpected answer: {error}"),
            ..ScriptError::default()
        })
    })?;
    let text_of = |name: &str| {
        answer
            .get(name)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
    };
    let number_of = |name: &str| {
        answer
            .get(name)
            .and_then(|value| value.as_u64())
            .unwrap_or(0)
    };
    match text_of("message") {
        Some(message) => Err(Error::Script(ScriptError {
            message,
            file: text_of("file"),
            line: number_of("line"),
            column: number_of("column"),
            stack: text_of("stack"),
        })),
        None => Ok(answer
            .get("value")
            .map_or(Value::Undefined, |value| Value::from(value.clone()))),
    }
}
