/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! A window on the screen, for applications that have none of their own.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use dpi::PhysicalSize;
use servo::{
    Code, DevicePoint, InputEvent, Key, KeyState, KeyboardEvent, Location, Modifiers, MouseButton,
    MouseButtonAction, MouseButtonEvent, MouseLeftViewportEvent, MouseMoveEvent, NamedKey,
    RenderingContext, WheelDelta, WheelEvent, WheelMode, WindowRenderingContext,
};
use winit::application::ApplicationHandler;
use winit::event::{ElementState, KeyEvent, MouseScrollDelta, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop, EventLoopProxy};
use winit::keyboard::{KeyLocation, ModifiersState, PhysicalKey};
use winit::platform::pump_events::EventLoopExtPumpEvents;
use winit::raw_window_handle::{HasDisplayHandle, HasWindowHandle};
use winit::window::WindowId;

use crate::error::{Error, Result};

/// How far one notch of a mouse wheel scrolls, in pixels; the figure of Servo's own example.
const PIXELS_PER_LINE: f64 = 76.0;

/// How long the window system may take to give us a window.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

/// Wakes the window's event loop from another thread.
pub(crate) struct WindowProxy(EventLoopProxy<()>);

impl WindowProxy {
    pub(crate) fn wake(&self) {
        // It fails only when the loop has gone, and then nobody sleeps in it.
        let _ = self.0.send_event(());
    }
}

/// What happened in the window, for the webview to act on.
pub(crate) enum WindowAction {
    Redraw,
    Resize(PhysicalSize<u32>),
    Scale(f32),
    Input(InputEvent),
    Close,
}

pub(crate) struct Window {
    event_loop: RefCell<EventLoop<()>>,
    window: winit::window::Window,
    context: Rc<WindowRenderingContext>,
    events: RefCell<Vec<WindowEvent>>,
    pointer: Cell<DevicePoint>,
    modifiers: Cell<ModifiersState>,
}

impl Window {
    pub(crate) fn open(title: &str, size: PhysicalSize<u32>) -> Result<Self> {
        let failed = |reason: String| Error::Window { reason };
        let mut event_loop = EventLoop::<()>::with_user_event()
            .build()
            .map_err(|error| failed(error.to_string()))?;
        let mut opener = Opener {
            title,
            size,
            window: None,
        };
        // The window system may have a few things to say before it lets us open a window.
        let deadline = std::time::Instant::now() + OPEN_TIMEOUT;
        while opener.window.is_none() && std::time::Instant::now() < deadline {
            event_loop.pump_app_events(Some(Duration::from_millis(20)), &mut opener);
        }
        let window = match opener.window {
            Some(Ok(window)) => window,
            Some(Err(reason)) => return Err(failed(reason)),
            None => return Err(failed("the window system does not answer".to_owned())),
        };
        let context = {
            let display = window
                .display_handle()
                .map_err(|error| failed(error.to_string()))?;
            let handle = window
                .window_handle()
                .map_err(|error| failed(error.to_string()))?;
            WindowRenderingContext::new(display, handle, window.inner_size())
                .map_err(|error| failed(format!("no drawing in it: {error:?}")))?
        };
        if let Err(error) = context.make_current() {
            return Err(failed(format!("no drawing in it: {error:?}")));
        }
        Ok(Self {
            event_loop: RefCell::new(event_loop),
            window,
            context: Rc::new(context),
            events: RefCell::default(),
            pointer: Cell::default(),
            modifiers: Cell::default(),
        })
    }

    pub(crate) fn proxy(&self) -> WindowProxy {
        WindowProxy(self.event_loop.borrow().create_proxy())
    }

    pub(crate) fn rendering_context(&self) -> Rc<WindowRenderingContext> {
        self.context.clone()
    }

    pub(crate) fn scale_factor(&self) -> f32 {
        self.window.scale_factor() as f32
    }

    pub(crate) fn set_title(&self, title: &str) {
        self.window.set_title(title);
    }

    pub(crate) fn request_redraw(&self) {
        self.window.request_redraw();
    }

    pub(crate) fn present(&self) {
        self.context.present();
    }

    /// Wait for events, at most for `timeout`, and keep them for [`Window::take_actions`].
    pub(crate) fn pump(&self, timeout: Option<Duration>) {
        let mut collector = Collector {
            events: &mut self.events.borrow_mut(),
        };
        self.event_loop
            .borrow_mut()
            .pump_app_events(timeout, &mut collector);
    }

    pub(crate) fn take_actions(&self) -> Vec<WindowAction> {
        let events = std::mem::take(&mut *self.events.borrow_mut());
        events
            .into_iter()
            .filter_map(|event| self.action(event))
            .collect()
    }

    fn action(&self, event: WindowEvent) -> Option<WindowAction> {
        match event {
            WindowEvent::CloseRequested | WindowEvent::Destroyed => Some(WindowAction::Close),
            WindowEvent::RedrawRequested => Some(WindowAction::Redraw),
            WindowEvent::Resized(size) if size.width > 0 && size.height > 0 => {
                Some(WindowAction::Resize(size))
            },
            WindowEvent::ScaleFactorChanged { scale_factor, .. } => {
                Some(WindowAction::Scale(scale_factor as f32))
            },
            WindowEvent::ModifiersChanged(modifiers) => {
                self.modifiers.set(modifiers.state());
                None
            },
            WindowEvent::CursorMoved { position, .. } => {
                self.pointer
                    .set(DevicePoint::new(position.x as f32, position.y as f32));
                let event = MouseMoveEvent::new(self.pointer.get().into());
                Some(WindowAction::Input(InputEvent::MouseMove(event)))
            },
            WindowEvent::CursorLeft { .. } => Some(WindowAction::Input(
                InputEvent::MouseLeftViewport(MouseLeftViewportEvent::default()),
            )),
            WindowEvent::MouseInput { state, button, .. } => {
                let action = match state {
                    ElementState::Pressed => MouseButtonAction::Down,
                    ElementState::Released => MouseButtonAction::Up,
                };
                let button = match button {
                    winit::event::MouseButton::Left => MouseButton::Primary,
                    winit::event::MouseButton::Right => MouseButton::Secondary,
                    winit::event::MouseButton::Middle => MouseButton::Auxiliary,
                    winit::event::MouseButton::Back => MouseButton::Back,
                    winit::event::MouseButton::Forward => MouseButton::Forward,
                    winit::event::MouseButton::Other(number) => MouseButton::Other(number),
                };
                let event = MouseButtonEvent::new(action, button, self.pointer.get().into());
                Some(WindowAction::Input(InputEvent::MouseButton(event)))
            },
            WindowEvent::MouseWheel { delta, .. } => {
                let (x, y, mode) = match delta {
                    MouseScrollDelta::LineDelta(x, y) => (
                        f64::from(x) * PIXELS_PER_LINE,
                        f64::from(y) * PIXELS_PER_LINE,
                        WheelMode::DeltaLine,
                    ),
                    MouseScrollDelta::PixelDelta(delta) => {
                        (delta.x, delta.y, WheelMode::DeltaPixel)
                    },
                };
                let event =
                    WheelEvent::new(WheelDelta { x, y, z: 0.0, mode }, self.pointer.get().into());
                Some(WindowAction::Input(InputEvent::Wheel(event)))
            },
            WindowEvent::KeyboardInput { event, .. } => Some(WindowAction::Input(
                InputEvent::Keyboard(keyboard_event(&event, self.modifiers.get())),
            )),
            _ => None,
        }
    }
}

/// Both libraries call keys and codes by the names of the UI Events specification, so the names translate.
fn keyboard_event(event: &KeyEvent, modifiers: ModifiersState) -> KeyboardEvent {
    let key = match &event.logical_key {
        winit::keyboard::Key::Character(text) => Key::Character(text.to_string()),
        winit::keyboard::Key::Named(winit::keyboard::NamedKey::Space) => {
            Key::Character(" ".to_owned())
        },
        winit::keyboard::Key::Named(named) => Key::Named(
            format!("{named:?}")
                .parse()
                .unwrap_or(NamedKey::Unidentified),
        ),
        _ => Key::Named(NamedKey::Unidentified),
    };
    let code = match event.physical_key {
        PhysicalKey::Code(code) => format!("{code:?}").parse().unwrap_or(Code::Unidentified),
        PhysicalKey::Unidentified(_) => Code::Unidentified,
    };
    let location = match event.location {
        KeyLocation::Standard => Location::Standard,
        KeyLocation::Left => Location::Left,
        KeyLocation::Right => Location::Right,
        KeyLocation::Numpad => Location::Numpad,
    };
    let mut active = Modifiers::empty();
    active.set(Modifiers::SHIFT, modifiers.shift_key());
    active.set(Modifiers::CONTROL, modifiers.control_key());
    active.set(Modifiers::ALT, modifiers.alt_key());
    active.set(Modifiers::META, modifiers.super_key());
    let state = match event.state {
        ElementState::Pressed => KeyState::Down,
        ElementState::Released => KeyState::Up,
    };
    KeyboardEvent::new_without_event(state, key, code, location, active, event.repeat, false)
}

/// Opens the window as soon as the window system allows.
struct Opener<'a> {
    title: &'a str,
    size: PhysicalSize<u32>,
    window: Option<std::result::Result<winit::window::Window, String>>,
}

impl ApplicationHandler<()> for Opener<'_> {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        event_loop.set_control_flow(ControlFlow::Wait);
        if self.window.is_some() {
            return;
        }
        let attributes = winit::window::Window::default_attributes()
            .with_title(self.title)
            .with_inner_size(self.size);
        self.window = Some(
            event_loop
                .create_window(attributes)
                .map_err(|error| error.to_string()),
        );
    }

    fn window_event(
        &mut self,
        _event_loop: &ActiveEventLoop,
        _window: WindowId,
        _event: WindowEvent,
    ) {
    }
}

/// Keeps events until the webview, which is borrowed by nobody then, can act on them.
struct Collector<'a> {
    events: &'a mut Vec<WindowEvent>,
}

impl ApplicationHandler<()> for Collector<'_> {
    fn resumed(&mut self, _event_loop: &ActiveEventLoop) {}

    fn window_event(
        &mut self,
        _event_loop: &ActiveEventLoop,
        _window: WindowId,
        event: WindowEvent,
    ) {
        self.events.push(event);
    }
}
