//! Parcels as JavaScript messages: `{ id, body: JSON, arrays: [typed array, …] }`, the arrays' buffers transferred.

use js_sys::{Float32Array, Object, Reflect, Uint8Array, Uint32Array};
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};

use crate::protocol::{Array, NO_REQUEST, Parcel, RequestId};

const ID: &str = "id";
const BODY: &str = "body";
const ARRAYS: &str = "arrays";

/// A message, and the list of buffers to transfer with it.
pub fn pack<T: Serialize>(parcel: &Parcel<T>) -> Result<(JsValue, js_sys::Array), String> {
    let body = serde_json::to_string(&parcel.body).map_err(|error| error.to_string())?;
    let (arrays, buffers) = (js_sys::Array::new(), js_sys::Array::new());
    for array in &parcel.arrays {
        let (view, buffer) = match array {
            Array::Bytes(values) => {
                let view = Uint8Array::from(values.as_slice());
                let buffer = view.buffer();
                (JsValue::from(view), buffer)
            }
            Array::Floats(values) => {
                let view = Float32Array::from(values.as_slice());
                let buffer = view.buffer();
                (JsValue::from(view), buffer)
            }
            Array::Ids(values) => {
                let view = Uint32Array::from(values.as_slice());
                let buffer = view.buffer();
                (JsValue::from(view), buffer)
            }
        };
        arrays.push(&view);
        buffers.push(&buffer);
    }
    let message = Object::new();
    set(&message, ID, &JsValue::from_f64(f64::from(parcel.id)))?;
    set(&message, BODY, &JsValue::from_str(&body))?;
    set(&message, ARRAYS, &arrays)?;
    Ok((message.into(), buffers))
}

/// The parcel in a message, or why it is none and which request it would have been. `parse` reads the body.
pub fn unpack<T>(
    message: &JsValue,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Parcel<T>, (RequestId, String)> {
    let id = field(message, ID).ok().and_then(|id| id.as_f64()).map_or(NO_REQUEST, |id| id as RequestId);
    let parcel = || {
        let body = field(message, BODY)?.as_string().ok_or("the message has no body")?;
        let body = parse(&body)?;
        let arrays = js_sys::Array::from(&field(message, ARRAYS)?).iter().map(array).collect::<Result<_, _>>()?;
        Ok(Parcel { id, body, arrays })
    };
    parcel().map_err(|reason| (id, reason))
}

fn field(message: &JsValue, name: &str) -> Result<JsValue, String> {
    Reflect::get(message, &JsValue::from_str(name)).map_err(|error| format!("{error:?}"))
}

fn array(value: JsValue) -> Result<Array, String> {
    if let Some(view) = value.dyn_ref::<Uint8Array>() {
        Ok(Array::Bytes(view.to_vec()))
    } else if let Some(view) = value.dyn_ref::<Float32Array>() {
        Ok(Array::Floats(view.to_vec()))
    } else if let Some(view) = value.dyn_ref::<Uint32Array>() {
        Ok(Array::Ids(view.to_vec()))
    } else {
        Err("the message holds an array of an unknown type".to_owned())
    }
}

fn set(object: &Object, name: &str, value: &JsValue) -> Result<(), String> {
    Reflect::set(object, &JsValue::from_str(name), value).map(drop).map_err(|error| format!("{error:?}"))
}
