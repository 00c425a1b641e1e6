/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What needs the engine's own interface: looking at the memory behind a `BufferSource`, which the generated
//! conversion does not do, and making plain objects.

#![expect(unsafe_code)]

use js::context::JSContext;
use js::conversions::{ConversionResult, FromJSValConvertible};
use js::jsapi::JS::{
    IsArrayBufferViewShared, IsResizableArrayBufferMaybeShared, IsResizableArrayBufferView,
};
use js::rust::wrappers2::JS_NewPlainObject;
use js::rust::{HandleValue, MutableHandleObject};

use crate::dom::bindings::buffer_source::get_buffer_source_copy;
use crate::dom::bindings::codegen::UnionTypes::ArrayBufferViewOrArrayBuffer;
use crate::dom::bindings::error::{Error, Fallible};

/// Convert a chunk to a `BufferSource`. Its bytes are to be copied before anything else happens.
pub(crate) fn convert_buffer_source(
    cx: &mut JSContext,
    chunk: HandleValue,
) -> Fallible<ArrayBufferViewOrArrayBuffer> {
    let source = match ArrayBufferViewOrArrayBuffer::from_jsval(cx, chunk, ()) {
        Ok(ConversionResult::Success(source)) => source,
        Ok(ConversionResult::Failure(_)) => {
            return Err(Error::Type(
                c"The chunk is neither an ArrayBuffer nor a view of one.".to_owned(),
            ));
        },
        // An exception is pending: whoever turns this into a value takes it.
        Err(()) => return Err(Error::JSFailed),
    };
    refuse_unusual_memory(&source)?;
    Ok(source)
}

/// The rest of the conversion to a `BufferSource` without `[AllowShared]` and `[AllowResizable]`:
/// <https://webidl.spec.whatwg.org/#js-buffer-source-types>.
pub(crate) fn refuse_unusual_memory(source: &ArrayBufferViewOrArrayBuffer) -> Fallible<()> {
    // SAFETY: The conversion has made `source` of an object of the class that each function asks for, or of a
    // wrapper of one that it may look through, and keeps it rooted. Looking at the object does not outlive
    // `source`, and none of the functions allocates or runs script.
    let (shared, resizable) = unsafe {
        match source {
            ArrayBufferViewOrArrayBuffer::ArrayBufferView(view) => {
                let object = view.underlying_object().get();
                (
                    IsArrayBufferViewShared(object),
                    IsResizableArrayBufferView(object),
                )
            },
            ArrayBufferViewOrArrayBuffer::ArrayBuffer(buffer) => {
                let object = buffer.underlying_object().get();
                (false, IsResizableArrayBufferMaybeShared(object))
            },
        }
    };
    // Memory that is shared must not reach `get_buffer_source_copy`, which asserts that it is not.
    if shared {
        return Err(Error::Type(
            c"The chunk is a view of shared memory.".to_owned(),
        ));
    }
    if resizable {
        return Err(Error::Type(c"The chunk's buffer is resizable.".to_owned()));
    }
    Ok(())
}

/// <https://webidl.spec.whatwg.org/#dfn-get-buffer-source-copy>. A detached buffer is empty, not an error
/// (decision AMB-23). Memory that is not shared only: see [`refuse_unusual_memory`].
pub(crate) fn copy_of_converted(source: &ArrayBufferViewOrArrayBuffer) -> Vec<u8> {
    get_buffer_source_copy(source.into())
}

/// A new ordinary object of the current realm. Fails when the engine is out of memory.
pub(crate) fn new_plain_object(
    cx: &mut JSContext,
    mut rval: MutableHandleObject,
) -> Result<(), ()> {
    // SAFETY: `cx` is in a realm, and the result is rooted at once.
    rval.set(unsafe { JS_NewPlainObject(cx) });
    match rval.get().is_null() {
        true => Err(()),
        false => Ok(()),
    }
}
