/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Between Servo's delegates and the application's.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::{Rc, Weak};

use direct_sockets_broker::AddressRequest;
use servo::{
    ConsoleLogLevel, EmbedderControl, LoadStatus, ServoDelegate, ServoError, WebResourceLoad,
    WebViewDelegate,
};
use url::Url;

use crate::delegate::{
    ConsoleLevel, Delegate, DialogRequest, NavigationRequest, PermissionRequest,
};
use crate::serve::{Request, Router};
use crate::webview::{Inner, WebView};

/// How many answers that come too late are told from lines of the page.
const MAX_LATE_ANSWERS: usize = 64;

/// How far the page has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Load {
    /// Asked for. What Servo says now is still about the page before.
    Requested,
    /// On its way.
    Started,
    /// Its `load` event was fired.
    Complete,
}

/// What the webview and the two delegates share.
pub(crate) struct State {
    delegate: RefCell<Rc<dyn Delegate>>,
    router: Router,
    owner: RefCell<Weak<Inner>>,
    pub(crate) load: Cell<Load>,
    /// What Servo said last about the load. It does not say the same thing twice.
    last_status: Cell<LoadStatus>,
    pub(crate) closed: Cell<bool>,
    pub(crate) crash: RefCell<Option<String>>,
    /// Counts the delegate methods that are on the stack.
    pub(crate) nesting: Cell<u32>,
    /// Answers to come over the console, by the token at their beginning.
    answers: RefCell<HashMap<String, Option<String>>>,
    /// The tokens of answers that nobody waits for any more, and that may come all the same: the last ones.
    late_answers: RefCell<VecDeque<String>>,
}

impl State {
    pub(crate) fn new(delegate: Rc<dyn Delegate>, router: Router) -> Self {
        Self {
            delegate: RefCell::new(delegate),
            router,
            owner: RefCell::new(Weak::new()),
            load: Cell::new(Load::Started),
            last_status: Cell::new(LoadStatus::Started),
            closed: Cell::new(false),
            crash: RefCell::new(None),
            nesting: Cell::new(0),
            answers: RefCell::default(),
            late_answers: RefCell::default(),
        }
    }

    pub(crate) fn set_owner(&self, owner: Weak<Inner>) {
        *self.owner.borrow_mut() = owner;
    }

    pub(crate) fn set_delegate(&self, delegate: Rc<dyn Delegate>) {
        *self.delegate.borrow_mut() = delegate;
    }

    /// Another page was asked for.
    pub(crate) fn begin_load(&self) {
        self.load.set(match self.last_status.get() {
            // A new page begins with the same status, so nothing would be said about it.
            LoadStatus::Started => Load::Started,
            LoadStatus::HeadParsed | LoadStatus::Complete => Load::Requested,
        });
        *self.crash.borrow_mut() = None;
    }

    /// The same page was asked for again, which Servo itself takes for its start.
    pub(crate) fn begin_reload(&self) {
        self.last_status.set(LoadStatus::Started);
        self.begin_load();
    }

    /// Call the application, unless the webview is being made or dropped.
    pub(crate) fn tell(&self, call: impl FnOnce(&dyn Delegate, &WebView)) {
        let Some(owner) = self.owner.borrow().upgrade() else {
            return;
        };
        let delegate = self.delegate.borrow().clone();
        self.nesting.set(self.nesting.get() + 1);
        call(delegate.as_ref(), &WebView(owner));
        self.nesting.set(self.nesting.get() - 1);
    }

    pub(crate) fn close(&self) {
        if !self.closed.replace(true) {
            self.tell(|delegate, webview| delegate.notify_closed(webview));
        }
    }

    pub(crate) fn crashed(&self, reason: &str, backtrace: Option<&str>) {
        self.crash
            .borrow_mut()
            .get_or_insert_with(|| reason.to_owned());
        self.tell(|delegate, webview| delegate.notify_crashed(webview, reason, backtrace));
    }

    pub(crate) fn ask_about_address(&self, request: AddressRequest) {
        self.tell(|delegate, webview| delegate.request_address(webview, request));
    }

    /// An answer with this token will come.
    pub(crate) fn expect_answer(&self, token: &str) {
        self.answers.borrow_mut().insert(token.to_owned(), None);
    }

    /// Whether the answer with this token is there, or nobody waits for it.
    pub(crate) fn has_answer(&self, token: &str) -> bool {
        self.answers.borrow().get(token).is_none_or(Option::is_some)
    }

    /// The answer with this token, if it is there. It is waited for no more.
    pub(crate) fn end_answer(&self, token: &str) -> Option<String> {
        let answer = self.answers.borrow_mut().remove(token).flatten();
        if answer.is_none() {
            let mut late = self.late_answers.borrow_mut();
            if late.len() == MAX_LATE_ANSWERS {
                late.pop_front();
            }
            late.push_back(token.to_owned());
        }
        answer
    }

    /// Whether `message` was an answer that somebody here waits for, or has waited for.
    fn take_answer(&self, message: &str) -> bool {
        let mut late = self.late_answers.borrow_mut();
        if let Some(index) = late.iter().position(|token| message.contains(token)) {
            late.remove(index);
            return true;
        }
        let mut answers = self.answers.borrow_mut();
        // Not at the beginning of the line if the page has opened a console group.
        let Some((token, position)) = answers
            .keys()
            .find_map(|token| Some((token.clone(), message.find(token.as_str())?)))
        else {
            return false;
        };
        let text = message[position + token.len()..].to_owned();
        answers.insert(token, Some(text));
        true
    }

    fn console(&self, level: ConsoleLogLevel, message: &str) {
        if !self.take_answer(message) {
            self.tell(|delegate, webview| {
                delegate.show_console_message(webview, ConsoleLevel::from(level), message)
            });
        }
    }

    fn load_resource(&self, load: WebResourceLoad) {
        // The URL of a blob has the origin of its maker, but only Servo knows its contents.
        if !matches!(load.request().url.scheme(), "http" | "https") {
            return;
        }
        let request = Request::new(load.request());
        self.tell(|delegate, webview| delegate.notify_resource_requested(webview, &request));
        self.nesting.set(self.nesting.get() + 1);
        self.router.handle(&request, load);
        self.nesting.set(self.nesting.get() - 1);
    }

    pub(crate) fn owner(&self) -> Option<Rc<Inner>> {
        self.owner.borrow().upgrade()
    }
}

/// The delegate that Servo sees.
pub(crate) struct Bridge(pub(crate) Rc<State>);

impl WebViewDelegate for Bridge {
    fn notify_url_changed(&self, _webview: servo::WebView, url: Url) {
        self.0
            .tell(|delegate, webview| delegate.notify_url_changed(webview, &url));
    }

    fn notify_page_title_changed(&self, _webview: servo::WebView, title: Option<String>) {
        if let Some(window) = self.0.owner().as_ref().and_then(|owner| owner.window())
            && let Some(title) = &title
        {
            window.set_title(title);
        }
        self.0
            .tell(|delegate, webview| delegate.notify_title_changed(webview, title.as_deref()));
    }

    fn notify_load_status_changed(&self, _webview: servo::WebView, status: LoadStatus) {
        self.0.last_status.set(status);
        match status {
            LoadStatus::Started => self.0.load.set(Load::Started),
            LoadStatus::HeadParsed => {},
            LoadStatus::Complete => {
                if self.0.load.get() == Load::Started {
                    self.0.load.set(Load::Complete);
                    self.0
                        .tell(|delegate, webview| delegate.notify_load_complete(webview));
                }
            },
        }
        if let Some(owner) = self.0.owner() {
            owner.look_for_content_processes();
        }
    }

    fn notify_new_frame_ready(&self, webview: servo::WebView) {
        match self.0.owner().as_ref().and_then(|owner| owner.window()) {
            Some(window) => window.request_redraw(),
            None => webview.paint(),
        }
        self.0
            .tell(|delegate, webview| delegate.notify_frame_ready(webview));
    }

    fn notify_closed(&self, _webview: servo::WebView) {
        self.0.close();
    }

    fn notify_crashed(&self, _webview: servo::WebView, reason: String, backtrace: Option<String>) {
        self.0.crashed(&reason, backtrace.as_deref());
    }

    fn request_navigation(&self, _webview: servo::WebView, request: servo::NavigationRequest) {
        self.0.tell(|delegate, webview| {
            delegate.request_navigation(webview, NavigationRequest(request))
        });
    }

    fn request_permission(&self, _webview: servo::WebView, request: servo::PermissionRequest) {
        self.0.tell(|delegate, webview| {
            delegate.request_permission(webview, PermissionRequest(request))
        });
    }

    fn show_embedder_control(&self, _webview: servo::WebView, control: EmbedderControl) {
        // Everything else answers for itself when it is dropped.
        if let EmbedderControl::SimpleDialog(dialog) = control {
            self.0
                .tell(|delegate, webview| delegate.request_dialog(webview, DialogRequest(dialog)));
        }
    }

    fn load_web_resource(&self, _webview: servo::WebView, load: WebResourceLoad) {
        self.0.load_resource(load);
    }

    fn show_console_message(
        &self,
        _webview: servo::WebView,
        level: ConsoleLogLevel,
        message: String,
    ) {
        self.0.console(level, &message);
    }
}

/// What belongs to no view: service workers, and failures of Servo as a whole.
impl ServoDelegate for Bridge {
    fn notify_error(&self, error: ServoError) {
        match error {
            ServoError::LostConnectionWithBackend => {
                if self.0.crash.borrow().is_none() {
                    self.0.crashed("the engine has ended", None);
                }
            },
            other => log::warn!("{other:?}"),
        }
    }

    fn load_web_resource(&self, load: WebResourceLoad) {
        self.0.load_resource(load);
    }

    fn show_console_message(&self, level: ConsoleLogLevel, message: String) {
        self.0.console(level, &message);
    }
}
