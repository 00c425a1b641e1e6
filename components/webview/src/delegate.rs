/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use direct_sockets_broker::AddressRequest;
use servo::{ConsoleLogLevel, PermissionFeature, SimpleDialog};
use url::Url;

use crate::serve::Request;
use crate::webview::WebView;

/// How a console line was logged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ConsoleLevel {
    /// `console.log`
    Log,
    /// `console.debug`
    Debug,
    /// `console.info`
    Info,
    /// `console.warn`
    Warn,
    /// `console.error`, and what Servo reports itself: uncaught errors with file, line and column.
    Error,
    /// `console.trace`
    Trace,
    /// `console.dir`
    Dir,
}

impl From<ConsoleLogLevel> for ConsoleLevel {
    fn from(level: ConsoleLogLevel) -> Self {
        match level {
            ConsoleLogLevel::Log => Self::Log,
            ConsoleLogLevel::Debug => Self::Debug,
            ConsoleLogLevel::Info => Self::Info,
            ConsoleLogLevel::Warn => Self::Warn,
            ConsoleLogLevel::Error => Self::Error,
            ConsoleLogLevel::Trace => Self::Trace,
            ConsoleLogLevel::Dir => Self::Dir,
        }
    }
}

/// What an application wants to hear of its webview. Every method has a default.
///
/// `notify_*` tells, `request_*` asks, `show_*` hands over something to be shown. All are called on the thread
/// of the webview while it handles events ([`WebView::spin`] and everything that waits), so they may load
/// another page, but not wait for the page themselves: that is [`crate::Error::InsideDelegate`].
pub trait Delegate {
    /// The page has another URL.
    fn notify_url_changed(&self, _webview: &WebView, _url: &Url) {}

    /// The page has another title.
    fn notify_title_changed(&self, _webview: &WebView, _title: Option<&str>) {}

    /// The page has fired its `load` event.
    fn notify_load_complete(&self, _webview: &WebView) {}

    /// There is something new to see.
    fn notify_frame_ready(&self, _webview: &WebView) {}

    /// The page has called `window.close()`, or the user has closed the window.
    fn notify_closed(&self, _webview: &WebView) {}

    /// The page, a process or a thread that it needs has crashed. It does not come back.
    fn notify_crashed(&self, _webview: &WebView, _reason: &str, _backtrace: Option<&str>) {}

    /// A page, frame or worker asks for something over http or https, whoever serves it.
    fn notify_resource_requested(&self, _webview: &WebView, _request: &Request) {}

    /// A page, frame or worker has logged a line. The default writes it to the log.
    fn show_console_message(&self, _webview: &WebView, level: ConsoleLevel, message: &str) {
        let level = match level {
            ConsoleLevel::Log | ConsoleLevel::Info | ConsoleLevel::Dir => log::Level::Info,
            ConsoleLevel::Debug | ConsoleLevel::Trace => log::Level::Debug,
            ConsoleLevel::Warn => log::Level::Warn,
            ConsoleLevel::Error => log::Level::Error,
        };
        log::log!(target: "console", level, "{message}");
    }

    /// The page, or a frame in it, wants to go to `request.url()`. Allowed if nothing is said.
    fn request_navigation(&self, _webview: &WebView, _request: NavigationRequest) {}

    /// The page wants to use something that needs the user's consent. Denied if nothing is said.
    fn request_permission(&self, _webview: &WebView, _request: PermissionRequest) {}

    /// A socket wants to reach an address about which the application has decided [`crate::Decision::Ask`]. It waits
    /// for the answer, which can be given later and from any thread. Denied if the request is dropped.
    fn request_address(&self, _webview: &WebView, _request: AddressRequest) {}

    /// The page has called `alert`, `confirm` or `prompt` and waits. Dismissed if nothing is said.
    fn request_dialog(&self, _webview: &WebView, _request: DialogRequest) {}
}

/// The delegate of a webview that was given none.
pub(crate) struct Silent;

impl Delegate for Silent {}

/// A navigation that the application can stop.
pub struct NavigationRequest(pub(crate) servo::NavigationRequest);

impl NavigationRequest {
    /// Where it leads.
    pub fn url(&self) -> &Url {
        &self.0.url
    }

    /// Go ahead. The same as dropping the request.
    pub fn allow(self) {
        self.0.allow();
    }

    /// Stay.
    pub fn deny(self) {
        self.0.deny();
    }
}

/// A use of a feature that needs the user's consent.
pub struct PermissionRequest(pub(crate) servo::PermissionRequest);

impl PermissionRequest {
    /// The name of the feature.
    pub fn feature(&self) -> &'static str {
        match self.0.feature() {
            PermissionFeature::Geolocation => "geolocation",
            PermissionFeature::Notifications => "notifications",
            PermissionFeature::Push => "push",
            PermissionFeature::Midi => "midi",
            PermissionFeature::Camera => "camera",
            PermissionFeature::Microphone => "microphone",
            PermissionFeature::Speaker => "speaker",
            PermissionFeature::DeviceInfo => "device-info",
            PermissionFeature::BackgroundSync => "background-sync",
            PermissionFeature::Bluetooth => "bluetooth",
            PermissionFeature::PersistentStorage => "persistent-storage",
            PermissionFeature::ScreenWakeLock(_) => "screen-wake-lock",
            PermissionFeature::Gamepad => "gamepad",
        }
    }

    /// Let the page use it.
    pub fn allow(self) {
        self.0.allow();
    }

    /// Do not. The same as dropping the request.
    pub fn deny(self) {
        self.0.deny();
    }
}

/// Which function of the page opened a dialog.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DialogKind {
    /// `alert()`
    Alert,
    /// `confirm()`
    Confirm,
    /// `prompt()`
    Prompt,
}

/// A dialog that the page waits for. Its text is the page's: show it so that nobody takes it for the application's.
pub struct DialogRequest(pub(crate) SimpleDialog);

impl DialogRequest {
    /// Which function opened it.
    pub fn kind(&self) -> DialogKind {
        match &self.0 {
            SimpleDialog::Alert(_) => DialogKind::Alert,
            SimpleDialog::Confirm(_) => DialogKind::Confirm,
            SimpleDialog::Prompt(_) => DialogKind::Prompt,
        }
    }

    /// The page's text.
    pub fn message(&self) -> &str {
        self.0.message()
    }

    /// OK, with what the page suggests for a prompt.
    pub fn accept(self) {
        self.0.confirm();
    }

    /// OK, with `text` as the answer to a prompt.
    pub fn accept_with(self, text: &str) {
        match self.0 {
            SimpleDialog::Prompt(mut prompt) => {
                prompt.set_current_value(text);
                prompt.confirm();
            },
            other => other.confirm(),
        }
    }

    /// Cancel. The same as dropping the request.
    pub fn dismiss(self) {
        self.0.dismiss();
    }
}
