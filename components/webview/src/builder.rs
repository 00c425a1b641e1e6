/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::rc::Rc;

use direct_sockets_broker::{AddressGrant, Config, NetCommand, PortFloors};
use direct_sockets_policy::AllowedOrigins;
use dpi::PhysicalSize;
use embedder_traits::user_contents::UserStyleSheet;
use euclid::Scale;
use servo::{
    Opts, PrefValue, Preferences, RenderingContext, ServoBuilder, SoftwareRenderingContext,
    UserContentManager, UserScript,
};
use url::Url;

use crate::addresses::AddressRequests;
use crate::bridge::{Bridge, State};
use crate::content::ContentWatch;
use crate::delegate::{Delegate, Silent};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::event_loop::{EventLoop, Waker};
use crate::origins::Origins;
use crate::prefs::{self, Preference};
use crate::serve::{Request, Response, Router};
use crate::webview::{Inner, WebView};
use crate::window::Window;
use crate::{panics, process};

/// Device pixels on each side of a CSS pixel.
const SCALE_FACTORS: RangeInclusive<f32> = 0.1..=10.0;

/// The largest side that software drawing is asked for.
const MAX_SIDE: u32 = 16_384;

/// The net process that serves the sockets of all pages.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum NetProcess {
    /// The application's own executable, started again; [`crate::init`] takes it from there.
    #[default]
    ThisExecutable,
    /// The stand-alone binary `direct-sockets-net` at this path.
    Binary(PathBuf),
}

/// Makes a [`WebView`]. Every method can be called in any order; what is wrong is told by [`WebViewBuilder::build`].
///
/// ```no_run
/// use std::time::Duration;
///
/// use direct_sockets_webview::WebViewBuilder;
///
/// fn main() -> Result<(), direct_sockets_webview::Error> {
///     direct_sockets_webview::init();
///     let webview = WebViewBuilder::new()
///         .serve_page("https://app.test/", "<title>Hello</title>", &[])
///         .url("https://app.test/")
///         .build()?;
///     webview.wait_for_load(Duration::from_secs(10))?;
///     assert_eq!(webview.title().as_deref(), Some("Hello"));
///     Ok(())
/// }
/// ```
#[derive(Default)]
pub struct WebViewBuilder {
    url: Option<String>,
    size: Option<(u32, u32)>,
    scale_factor: Option<f32>,
    window: Option<String>,
    multiprocess: bool,
    net_process: NetProcess,
    origins: Origins,
    addresses: AddressGrant,
    port_floors: PortFloors,
    direct_sockets: Option<bool>,
    preferences: Vec<(String, Preference)>,
    router: Router,
    delegate: Option<Rc<dyn Delegate>>,
    user_agent: Option<String>,
    host_file: Option<PathBuf>,
    certificate_file: Option<PathBuf>,
    ignore_certificate_errors: bool,
    storage: Option<PathBuf>,
    hard_fail: bool,
    user_scripts: Vec<String>,
    user_stylesheets: Vec<String>,
    error: Option<Error>,
}

impl WebViewBuilder {
    /// The size of a view that was given none, in device pixels.
    pub const DEFAULT_SIZE: (u32, u32) = (1024, 740);

    /// A view of `about:blank` without a window, everything in one process but the sockets, which
    /// always have their own.
    pub fn new() -> Self {
        Self::default()
    }

    /// The page to begin with.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// The size of the view in device pixels; 1024 × 740 unless told.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = Some((width, height));
        self
    }

    /// How many device pixels a CSS pixel has on each side, from 0.1 to 10; 1 unless told, and in a window what its
    /// display says.
    pub fn scale_factor(mut self, factor: f32) -> Self {
        self.scale_factor = Some(factor);
        self
    }

    /// Show the page in a window with this title, until the page has one. Without this nothing is shown, and no
    /// display is needed.
    pub fn window(mut self, title: impl Into<String>) -> Self {
        self.window = Some(title.into());
        self
    }

    /// Whether pages run in content processes of their own. Off unless told.
    pub fn multiprocess(mut self, multiprocess: bool) -> Self {
        self.multiprocess = multiprocess;
        self
    }

    /// What the net process is.
    pub fn net_process(mut self, net_process: NetProcess) -> Self {
        self.net_process = net_process;
        self
    }

    /// Which origins may use sockets; only the served ones unless told.
    pub fn origins(mut self, origins: Origins) -> Self {
        self.origins = origins;
        self
    }

    /// Where sockets may reach: this machine, the networks around it, the Internet. Each is allowed, denied, or
    /// [asked about](crate::Delegate::request_address). Names are resolved first, and every address that comes out is
    /// looked at. All is allowed if nothing is said, as the specification has no such gate.
    pub fn addresses(mut self, addresses: AddressGrant) -> Self {
        self.addresses = addresses;
        self
    }

    /// The smallest ports that sockets may ask for. None if nothing is said.
    pub fn port_floors(mut self, port_floors: PortFloors) -> Self {
        self.port_floors = port_floors;
        self
    }

    /// Whether pages have `TCPSocket` at all. On unless told.
    pub fn direct_sockets(mut self, enabled: bool) -> Self {
        self.direct_sockets = Some(enabled);
        self
    }

    /// Set one of Servo's preferences. The last of several calls counts.
    ///
    /// `dom_direct_sockets_allowed_origins` (`*`, or origins with spaces between them) takes the place of
    /// what [`WebViewBuilder::origins`] and the served origins allow.
    pub fn preference(mut self, name: impl Into<String>, value: impl Into<Preference>) -> Self {
        self.preferences.push((name.into(), value.into()));
        self
    }

    /// Set the preferences of a JSON file, an object of names and values.
    pub fn preferences_file(mut self, path: impl Into<PathBuf>) -> Self {
        match prefs::read_file(&path.into()) {
            Ok(preferences) => self.preferences.extend(preferences),
            Err(error) => self.fail(error),
        }
        self
    }

    /// Answer every request to `origin` with what `handler` returns; pages of that origin may use sockets.
    ///
    /// The handler runs on the webview's thread while it handles events, so it must not take long.
    pub fn serve(mut self, origin: &str, handler: impl Fn(&Request) -> Response + 'static) -> Self {
        if let Err(error) = self.router.add_handler(origin, Box::new(handler)) {
            self.fail(error);
        }
        self
    }

    /// Answer every request to `origin` with the files of a directory; pages of that origin may use sockets.
    pub fn serve_directory(mut self, origin: &str, directory: impl Into<PathBuf>) -> Self {
        let path = directory.into();
        let result = Directory::new(&path)
            .map_err(|source| Error::File {
                option: "serve_directory",
                path,
                source,
            })
            .and_then(|directory| self.router.add_directory(origin, directory));
        if let Err(error) = result {
            self.fail(error);
        }
        self
    }

    /// Answer requests to exactly this URL with a page and these extra headers; pages of its origin may use sockets.
    pub fn serve_page(
        mut self,
        url: &str,
        html: impl Into<String>,
        headers: &[(&str, &str)],
    ) -> Self {
        if let Err(error) = self.router.add_page(url, html.into(), headers) {
            self.fail(error);
        }
        self
    }

    /// Who hears what happens.
    pub fn delegate(mut self, delegate: Rc<dyn Delegate>) -> Self {
        self.delegate = Some(delegate);
        self
    }

    /// The user agent that the page and servers see.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// A file in the format of `/etc/hosts` for the engine's own requests. Sockets use the system's resolver.
    pub fn host_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.host_file = Some(path.into());
        self
    }

    /// More certificate authorities to trust, as a PEM file.
    pub fn certificate_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.certificate_file = Some(path.into());
        self
    }

    /// Load pages whatever their certificates are like. For tests.
    pub fn ignore_certificate_errors(mut self, ignore: bool) -> Self {
        self.ignore_certificate_errors = ignore;
        self
    }

    /// Keep cookies and storage in this directory. Without it nothing outlives the process.
    pub fn storage(mut self, directory: impl Into<PathBuf>) -> Self {
        self.storage = Some(directory.into());
        self
    }

    /// Let the whole process exit with status 1 when a page's thread fails. For test runners.
    pub fn hard_fail(mut self, hard_fail: bool) -> Self {
        self.hard_fail = hard_fail;
        self
    }

    /// Run this script in every page before the page's own.
    pub fn user_script(mut self, script: impl Into<String>) -> Self {
        self.user_scripts.push(script.into());
        self
    }

    /// Apply this style sheet to every page.
    pub fn user_stylesheet(mut self, css: impl Into<String>) -> Self {
        self.user_stylesheets.push(css.into());
        self
    }

    /// Start Servo and load the page. Once in a process.
    pub fn build(mut self) -> Result<WebView> {
        process::check_claim()?;
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let url = self.checked_url()?;
        let size = self.checked_size()?;
        self.check_scale_factor()?;
        let opts = self.opts()?;
        let (preferences, allowed_origins) = self.servo_preferences()?;
        process::claim()?;
        // Until Servo is started the claim can be given back.
        let drawing = self
            .set_up_drawing(size)
            .inspect_err(|_| process::release())?;
        Ok(self.start(url, opts, preferences, allowed_origins, drawing))
    }

    fn start(
        self,
        url: Url,
        opts: Opts,
        preferences: Preferences,
        allowed_origins: AllowedOrigins,
        (context, window): (Rc<dyn RenderingContext>, Option<Window>),
    ) -> WebView {
        // It fails when the application has installed one already, which is fine.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        direct_sockets_broker::install(Config {
            net_command: match self.net_process {
                NetProcess::ThisExecutable => NetCommand::CurrentExecutable,
                NetProcess::Binary(path) => NetCommand::Binary(path),
            },
            origins: allowed_origins,
            addresses: self.addresses,
            port_floors: self.port_floors,
        });
        let waker = Waker::new();
        let address_requests = AddressRequests::default();
        direct_sockets_broker::set_address_delegate(Some(address_requests.delegate(waker.clone())));
        if let Some(window) = &window {
            waker.attach(window.proxy());
        }
        panics::watch(waker.clone());
        let servo = ServoBuilder::default()
            .opts(opts)
            .preferences(preferences)
            .event_loop_waker(Box::new(waker.clone()))
            .build();
        // Servo hears of crashes through its logger, which an application with one of its own keeps out.
        if log::max_level() == log::LevelFilter::Off {
            servo.setup_logging();
        }
        panics::log_panics();

        let state = Rc::new(State::new(
            self.delegate.unwrap_or_else(|| Rc::new(Silent)),
            self.router,
        ));
        let bridge = Rc::new(Bridge(state.clone()));
        servo.set_delegate(bridge.clone());
        let content_manager = user_contents(&servo, &self.user_scripts, &self.user_stylesheets);
        let mut view = servo::WebViewBuilder::new(&servo, context.clone())
            .url(url)
            .delegate(bridge);
        let display = window.as_ref().map(Window::scale_factor);
        if let Some(factor) = self.scale_factor.or(display) {
            view = view.hidpi_scale_factor(Scale::new(factor));
        }
        if let Some(content_manager) = &content_manager {
            view = view.user_content_manager(content_manager.clone());
        }
        let view = view.build();
        let inner = Rc::new(Inner {
            view: Some(view),
            content_manager,
            servo: Some(servo),
            context,
            content: self
                .multiprocess
                .then(|| ContentWatch::start(waker.clone())),
            address_requests,
            events: EventLoop::new(waker, window),
            state: state.clone(),
            spinning: false.into(),
            probe_failures: 0.into(),
        });
        state.set_owner(Rc::downgrade(&inner));
        WebView(inner)
    }

    fn fail(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    fn checked_url(&self) -> Result<Url> {
        let url = self.url.as_deref().unwrap_or("about:blank");
        Url::parse(url).map_err(|error| Error::InvalidOption {
            option: "url",
            value: url.to_owned(),
            reason: format!("is not a URL: {error}"),
        })
    }

    fn checked_size(&self) -> Result<PhysicalSize<u32>> {
        let (width, height) = self.size.unwrap_or(Self::DEFAULT_SIZE);
        let range = 1..=MAX_SIDE;
        if !range.contains(&width) || !range.contains(&height) {
            return Err(Error::InvalidOption {
                option: "size",
                value: format!("{width}x{height}"),
                reason: format!("is not between 1x1 and {MAX_SIDE}x{MAX_SIDE}"),
            });
        }
        Ok(PhysicalSize::new(width, height))
    }

    fn check_scale_factor(&self) -> Result<()> {
        match self.scale_factor {
            Some(factor) if !SCALE_FACTORS.contains(&factor) => Err(Error::InvalidOption {
                option: "scale_factor",
                value: factor.to_string(),
                reason: format!(
                    "is not between {} and {}",
                    SCALE_FACTORS.start(),
                    SCALE_FACTORS.end()
                ),
            }),
            _ => Ok(()),
        }
    }

    fn opts(&self) -> Result<Opts> {
        for (option, path) in [
            ("host_file", &self.host_file),
            ("certificate_file", &self.certificate_file),
        ] {
            // Servo panics on one that it cannot read, or ignores it.
            if let Some(path) = path {
                std::fs::File::open(path).map_err(|source| Error::File {
                    option,
                    path: path.clone(),
                    source,
                })?;
            }
        }
        let certificate_path = match &self.certificate_file {
            None => None,
            Some(path) => {
                Some(
                    path.to_str()
                        .map(str::to_owned)
                        .ok_or_else(|| Error::InvalidOption {
                            option: "certificate_file",
                            value: path.display().to_string(),
                            reason: "is not text in UTF-8".to_owned(),
                        })?,
                )
            },
        };
        Ok(Opts {
            multiprocess: self.multiprocess,
            hard_fail: self.hard_fail,
            ignore_certificate_errors: self.ignore_certificate_errors,
            certificate_path,
            host_file: self.host_file.clone(),
            config_dir: self.storage.clone(),
            temporary_storage: self.storage.is_none(),
            ..Opts::default()
        })
    }

    /// Servo's preferences, and the origins that they allow.
    fn servo_preferences(&self) -> Result<(Preferences, AllowedOrigins)> {
        let mut preferences = Preferences::default();
        let mut allowed = self.origins.to_preference(self.router.origins())?;
        let mut set = |name: &str, value: &Preference| -> Result<()> {
            let checked = prefs::checked(name, value)?;
            if name == prefs::ALLOWED_ORIGINS
                && let PrefValue::Str(origins) = &checked
            {
                allowed = origins.clone();
            }
            preferences.set_value(name, checked);
            Ok(())
        };
        set(prefs::ENABLED, &Preference::Bool(true))?;
        // An application closes its own pages by script.
        set(
            "dom_allow_scripts_to_close_windows",
            &Preference::Bool(true),
        )?;
        if let Some(user_agent) = &self.user_agent {
            set("user_agent", &Preference::Text(user_agent.clone()))?;
        }
        for (name, value) in &self.preferences {
            set(name, value)?;
        }
        if let Some(enabled) = self.direct_sockets {
            set(prefs::ENABLED, &Preference::Bool(enabled))?;
        }
        preferences.set_value(prefs::ALLOWED_ORIGINS, PrefValue::Str(allowed.clone()));
        Ok((preferences, AllowedOrigins::parse(&allowed)))
    }

    fn set_up_drawing(
        &self,
        size: PhysicalSize<u32>,
    ) -> Result<(Rc<dyn RenderingContext>, Option<Window>)> {
        if let Some(title) = &self.window {
            let window = Window::open(title, size)?;
            return Ok((window.rendering_context(), Some(window)));
        }
        let failed = |reason: String| Error::Rendering { reason };
        let context =
            SoftwareRenderingContext::new(size).map_err(|error| failed(format!("{error:?}")))?;
        context
            .make_current()
            .map_err(|error| failed(format!("{error:?}")))?;
        Ok((Rc::new(context), None))
    }
}

fn user_contents(
    servo: &servo::Servo,
    scripts: &[String],
    stylesheets: &[String],
) -> Option<Rc<UserContentManager>> {
    if scripts.is_empty() && stylesheets.is_empty() {
        return None;
    }
    let manager = UserContentManager::new(servo);
    for script in scripts {
        manager.add_script(Rc::new(UserScript::from(script.as_str())));
    }
    for (index, css) in stylesheets.iter().enumerate() {
        if let Ok(url) = Url::parse(&format!("about:user-style-sheet-{index}")) {
            manager.add_stylesheet(Rc::new(UserStyleSheet::new(css.clone(), url)));
        }
    }
    Some(Rc::new(manager))
}
