//! Bindings to the page's plain scripts (`compagnonStore` of `store.js`, `compagnonApp` of `boot.js`) and to a few
//! browser APIs.

use domain::Timestamp;
use wasm_bindgen::prelude::*;

pub use gloo_timers::callback::Timeout;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["compagnonStore", "device"], js_name = get, catch)]
    pub async fn device_get(key: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = ["compagnonStore", "device"], js_name = set, catch)]
    pub async fn device_set(key: &str, value: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = ["compagnonStore", "device"], js_name = delete, catch)]
    pub async fn device_delete(key: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_namespace = compagnonStore, catch)]
    pub async fn load(member: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = compagnonStore, js_name = lastSeq, catch)]
    pub async fn last_seq(member: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = compagnonStore, catch)]
    pub async fn commit(member: &str, operations: &str, strict: bool) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = compagnonStore, catch)]
    pub async fn erase(member: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = compagnonStore, catch)]
    pub async fn leave(member: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = compagnonStore, js_name = leaveOthers, catch)]
    pub async fn leave_others() -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = compagnonStore, catch)]
    pub async fn end(member: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = compagnonStore, catch)]
    pub async fn acquire(name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = compagnonStore, catch)]
    pub async fn post(url: &str, body: &str, patience: u32) -> Result<Posted, JsValue>;
    #[wasm_bindgen(js_namespace = compagnonStore, js_name = requestSync, catch)]
    pub async fn request_sync() -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = compagnonStore, catch)]
    pub async fn keep(urls: Vec<String>, progress: &js_sys::Function) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = compagnonStore, catch)]
    pub async fn unkeep(urls: Vec<String>) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = compagnonStore, catch)]
    pub async fn kept(urls: Vec<String>) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = compagnonStore)]
    pub fn channel(callback: &js_sys::Function);
    #[wasm_bindgen(js_namespace = compagnonStore)]
    pub fn announce(text: &str);

    /// The response of `post`.
    pub type Posted;
    #[wasm_bindgen(method, getter)]
    pub fn status(this: &Posted) -> u16;
    #[wasm_bindgen(method, getter)]
    pub fn body(this: &Posted) -> String;
    #[wasm_bindgen(method, getter)]
    pub fn retry_after(this: &Posted) -> Option<f64>;

    #[wasm_bindgen(js_namespace = compagnonApp, js_name = onUpdate)]
    pub fn on_update(callback: &js_sys::Function);
    #[wasm_bindgen(js_namespace = compagnonApp, js_name = update)]
    pub fn apply_update();
    #[wasm_bindgen(js_namespace = compagnonApp, js_name = keepFocus)]
    fn keep_focus() -> js_sys::Function;
    #[wasm_bindgen(js_namespace = compagnonApp, catch)]
    pub async fn persist() -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = compagnonApp)]
    pub fn standalone() -> bool;
    #[wasm_bindgen(js_namespace = compagnonApp, js_name = onInstallable)]
    pub fn on_installable(callback: &js_sys::Function);
    #[wasm_bindgen(js_namespace = compagnonApp, js_name = installPrompt, catch)]
    pub async fn install_prompt() -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_namespace = ["navigator", "storage"], catch)]
    async fn estimate() -> Result<JsValue, JsValue>;

    // Why not web-sys: it has these types behind a flag for unstable APIs.
    #[wasm_bindgen(js_namespace = ["navigator", "wakeLock"], js_name = request, catch)]
    async fn request_wake_lock(of: &str) -> Result<WakeLock, JsValue>;
    /// Keeps the screen on until it is released.
    pub type WakeLock;
    #[wasm_bindgen(method)]
    pub fn release(this: &WakeLock) -> js_sys::Promise;

    #[wasm_bindgen(js_name = compagnonPanic)]
    pub fn panicked(message: &str);

    #[wasm_bindgen(js_name = fetch, catch)]
    async fn fetch(url: &str) -> Result<Fetched, JsValue>;
    type Fetched;
    #[wasm_bindgen(method, getter, js_name = status)]
    fn fetched_status(this: &Fetched) -> u16;
    #[wasm_bindgen(method, catch)]
    async fn text(this: &Fetched) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn fill_random(bytes: &mut [u8]);

    #[wasm_bindgen(js_namespace = localStorage, js_name = setItem, catch)]
    pub fn local_storage_set(key: &str, value: &str) -> Result<(), JsValue>;
}

/// The phone's clock.
pub fn now() -> Timestamp {
    Timestamp(js_sys::Date::now() as i64)
}

/// Bytes used by the app and its data on this phone, if the browser reports it.
pub async fn room_taken() -> Option<u64> {
    let estimate = estimate().await.ok()?;
    let bytes = js_sys::Reflect::get(&estimate, &"usage".into()).ok()?.as_f64()?;
    Some(bytes as u64)
}

/// Ten random bytes.
pub fn random_bytes() -> [u8; 10] {
    let mut bytes = [0; 10];
    fill_random(&mut bytes);
    bytes
}

/// A random number.
pub fn random_u32() -> u32 {
    let bytes = random_bytes();
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// GET: returns status and body; status 0 if there is no response.
pub async fn get(url: &str) -> (u16, String) {
    let Ok(fetched) = fetch(url).await else {
        return (0, String::new());
    };
    let body = fetched.text().await.ok().and_then(|text| text.as_string());
    body.map_or((0, String::new()), |body| (fetched.fetched_status(), body))
}

/// After a redraw, restores the focus to the element that has it now, or else to the title.
pub fn keep_focus_over_redraw() {
    let give_back = keep_focus();
    set_timeout(0, move || {
        // Without a title, the focus stays where the browser put it.
        let _ = give_back.call0(&JsValue::NULL);
    });
}

/// Runs `callback` once, after `millis` milliseconds, unless the returned timer is dropped before.
pub fn timer(millis: i64, callback: impl FnOnce() + 'static) -> Timeout {
    Timeout::new(millis.clamp(0, i64::from(i32::MAX)) as u32, callback)
}

/// Runs `callback` once, after `millis` milliseconds.
pub fn set_timeout(millis: i64, callback: impl FnOnce() + 'static) {
    timer(millis, callback).forget();
}

/// Yields so that the browser can draw and handle input.
pub async fn yield_to_browser() {
    gloo_timers::future::TimeoutFuture::new(0).await;
}

/// Makes a JavaScript callback that is never freed.
pub fn leak_callback(callback: impl FnMut(JsValue) + 'static) -> js_sys::Function {
    Closure::<dyn FnMut(JsValue)>::new(callback)
        .into_js_value()
        .unchecked_into()
}

/// Keeps the screen on, if the browser supports it.
pub async fn stay_awake() -> Option<WakeLock> {
    request_wake_lock("screen").await.ok()
}

/// The text of an error, for a log.
pub fn cause(error: &JsValue) -> String {
    error
        .dyn_ref::<js_sys::Error>()
        .map(|error| String::from(error.message()))
        .unwrap_or_else(|| format!("{error:?}"))
}
