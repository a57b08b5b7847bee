//! Required on every surface: security headers, refusal of cross-site posts, real 404s.

use crate::harness::{Harness, MARIE};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use backend::testing::TestDb;
use server::http::routes;

#[tokio::test]
async fn posts_of_other_sites_are_refused() {
    let test = TestDb::sqlite().await;
    let harness = Harness::open(&test).await;
    let phone = harness.signed_in(MARIE).await;
    let foreign: [&[(&str, &str)]; 6] = [
        &[("sec-fetch-site", "cross-site")],
        &[
            ("sec-fetch-site", "same-site"),
            ("origin", "http://127.0.0.1:3000"),
        ],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://127.0.0.1:3001")],
        &[],
    ];
    let posts: Vec<&str> = routes()
        .iter()
        .filter(|route| route.method == Method::POST)
        .map(|route| route.path)
        .chain(["/nowhere"])
        .collect();
    assert!(posts.len() >= 8, "{posts:?}");
    for path in posts {
        for headers in foreign {
            let mut request = phone
                .request(Method::POST, path)
                .header(header::CONTENT_TYPE, "application/json");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let answer = phone.quietly(request.body(Body::from("{}")).unwrap()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
            assert_eq!(answer.json()["code"], "cross_site");
        }
    }
    assert_eq!(
        phone.clone().status().await,
        StatusCode::OK,
        "nobody was signed out"
    );
    // An older browser sends only `Origin`; a tool without cookies sends neither header.
    let request = phone
        .request(Method::POST, "/api/sign-out")
        .header("origin", "http://127.0.0.1:3000");
    assert_eq!(
        phone.quietly(request.body(Body::empty()).unwrap()).await.status,
        StatusCode::NO_CONTENT
    );
    let request = harness
        .phone()
        .request(Method::POST, "/api/sign-out")
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        harness.phone().quietly(request).await.status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn every_surface_is_protected() {
    let test = TestDb::sqlite().await;
    let harness = Harness::with(&test, &["--public-url", "https://club.example.com"]).await;
    let mut phone = harness.phone();
    let build = harness.app.branding().await.site.build().unwrap().to_owned();
    let file = format!("/v/{build}/boot.js");
    let pages = [
        "/",
        "/sign-in",
        "/invitation",
        "/invitation/ABCD",
        "/legal",
        "/app",
        "/app/learn/1",
        "/nowhere",
    ];
    let others = [
        "/sw.js",
        "/brand.css",
        "/manifest.webmanifest",
        "/favicon.svg",
        "/favicon.ico",
        "/icons/icon-192.png",
        "/icons/no.png",
        "/api/session",
        "/api/nowhere",
        "/media/x",
        "/healthz",
        "/readyz",
        "/metrics",
        "/v/old/boot.js",
        "/pkg/compagnon.js",
        "/robots.txt",
        &file,
    ];
    for path in pages.iter().chain(&others) {
        let answer = phone.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains(" 'unsafe-eval'"),
            "{path}: {policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(
            answer.header("cross-origin-resource-policy"),
            "same-origin",
            "{path}"
        );
        assert!(!answer.header("referrer-policy").is_empty(), "{path}");
        assert!(
            answer
                .header("strict-transport-security")
                .contains("max-age=31536000"),
            "{path}"
        );
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
        assert!(!answer.header("cache-control").is_empty(), "{path}");
    }
    for path in pages {
        let answer = phone.get(path).await;
        let html = answer.text();
        assert_eq!(
            answer.header("content-type"),
            "text/html; charset=utf-8",
            "{path}"
        );
        assert!(
            !html.contains("<style") && !html.contains(" style=") && !html.contains(" onclick"),
            "{path}"
        );
        let inline = html
            .split("<script")
            .skip(1)
            .any(|script| !script.split('>').next().unwrap().contains("src="));
        assert!(!inline, "{path}: {html}");
        assert!(
            answer
                .header("content-security-policy")
                .contains("script-src 'self' 'wasm-unsafe-eval';"),
            "{path}"
        );
    }
    phone.ask_code(MARIE).await;
    let code = harness.code_for(MARIE).await;
    let entered = phone.post("/sign-in/code", &format!("code={code}")).await;
    let session = entered
        .set_cookies()
        .into_iter()
        .find(|cookie| cookie.starts_with("__Host-session="))
        .unwrap();
    for part in ["; Secure", "; HttpOnly", "; Path=/", "; SameSite=Lax"] {
        assert!(session.contains(part), "{session}");
    }
    assert!(!session.contains("Domain"));
    // Another host of the domain can set none of them, and the one of the first release goes.
    phone.get("/?lang=en").await;
    let names: Vec<&str> = phone.cookies.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "__Host-known",
            "__Host-lang",
            "__Host-session",
            "__Host-signed_in"
        ]
    );
    let gone = |answer: &crate::harness::Answer| {
        answer
            .set_cookies()
            .iter()
            .any(|cookie| cookie.starts_with("signed_in=; ") && cookie.contains("Max-Age=0"))
    };
    assert!(gone(&entered));
    let left = phone.post("/api/sign-out", "").await;
    assert!(gone(&left));
    assert_eq!(
        phone.cookies.keys().collect::<Vec<_>>(),
        ["__Host-known", "__Host-lang"]
    );
    let request = harness
        .phone()
        .request(Method::GET, "/")
        .header(header::COOKIE, "lang=en");
    let answer = phone.quietly(request.body(Body::empty()).unwrap()).await;
    assert!(
        answer.text().contains("<html lang=\"en\">"),
        "a language chosen before still holds"
    );
}

#[tokio::test]
async fn refusals_are_in_our_words() {
    let test = TestDb::sqlite().await;
    let harness = Harness::open(&test).await;
    let mut phone = harness.phone();
    let long = format!("address={}", "x".repeat(9000));
    let answers = [
        (
            phone.post("/sign-in", "address=a&address=b").await,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (phone.post("/sign-in", &long).await, StatusCode::PAYLOAD_TOO_LARGE),
        (
            phone.post_json("/sign-in", "{}").await,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (phone.get("/invitation/%FF").await, StatusCode::BAD_REQUEST),
        (phone.get("/?lang=a&lang=b").await, StatusCode::BAD_REQUEST),
        (phone.get("/media/%FF").await, StatusCode::BAD_REQUEST),
    ];
    for (answer, status) in answers {
        let text = answer.text();
        assert_eq!(answer.status, status, "{text}");
        assert!(text.contains("Demande illisible"), "{text}");
        for word in [
            "deserialize",
            "UTF-8",
            "buffer",
            "field",
            "Content-Type",
            "Invalid",
            "Failed",
        ] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
}

#[tokio::test]
async fn files_are_kept_for_ever_and_misses_are_misses() {
    let test = TestDb::sqlite().await;
    let harness = Harness::open(&test).await;
    let mut phone = harness.phone();
    let build = harness.app.branding().await.site.build().unwrap().to_owned();
    let wasm = phone.get(&format!("/v/{build}/pkg/compagnon.wasm")).await;
    assert_eq!(
        (wasm.status, wasm.header("content-type")),
        (StatusCode::OK, "application/wasm")
    );
    assert!(wasm.header("cache-control").contains("immutable"));
    let request = phone.request(Method::GET, &format!("/v/{build}/pkg/compagnon.css"));
    let css = phone
        .quietly(
            request
                .header(header::ACCEPT_ENCODING, "gzip, br")
                .body(Body::empty())
                .unwrap(),
        )
        .await;
    assert_eq!(
        (css.header("content-encoding"), css.text()),
        ("br", "not really brotli")
    );
    for path in [
        "/v/0000/boot.js",
        &format!("/v/{build}/pkg/no.js"),
        &format!("/v/{build}/pkg/compagnon.css.br"),
        "/pkg/compagnon.wasm",
        "/store.js",
    ] {
        let answer = phone.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.text().contains("data-build"), "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    let shell = phone.get("/app/rewards").await;
    assert_eq!(shell.body, phone.get("/app").await.body);
    assert_eq!(shell.header("cache-control"), "no-cache");
    let request = phone
        .request(Method::GET, "/app")
        .header(header::IF_NONE_MATCH, shell.header("etag"));
    let again = phone.quietly(request.body(Body::empty()).unwrap()).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    let worker = phone.get("/sw.js").await;
    let list: serde_json::Value = serde_json::from_str(
        worker
            .text()
            .strip_prefix("const MANIFEST = ")
            .unwrap()
            .strip_suffix(';')
            .unwrap(),
    )
    .unwrap();
    for file in list["files"].as_array().unwrap() {
        let url = file["url"].as_str().unwrap();
        let answer = phone.get(url).await;
        assert_eq!(answer.status, StatusCode::OK, "{url}");
        assert_eq!(answer.body.len() as u64, file["size"].as_u64().unwrap(), "{url}");
        assert_eq!(
            answer.header("content-type").split(';').next(),
            file["type"].as_str(),
            "{url}"
        );
        use sha2::Digest;
        assert_eq!(
            domain::hex(&sha2::Sha256::digest(&answer.body)),
            file["sha256"].as_str().unwrap(),
            "{url}"
        );
    }
}

#[tokio::test]
async fn pages_speak_the_readers_language_and_a_signed_in_reader_gets_the_app() {
    let test = TestDb::sqlite().await;
    let harness = Harness::open(&test).await;
    let mut phone = harness.phone();
    assert!(phone.get("/").await.text().contains("<html lang=\"fr\">"));
    let request = phone
        .request(Method::GET, "/sign-in")
        .header(header::ACCEPT_LANGUAGE, "de, en-GB;q=0.8");
    assert!(
        phone
            .quietly(request.body(Body::empty()).unwrap())
            .await
            .text()
            .contains("<html lang=\"en\">")
    );
    phone.get("/?lang=en").await;
    assert!(phone.get("/legal").await.text().contains("Personal data"));
    phone.sign_in(MARIE).await;
    assert_eq!(phone.get("/").await.header("location"), "/app");
}

#[tokio::test]
async fn the_brand_changes_without_a_build() {
    let test = TestDb::sqlite().await;
    let harness = Harness::open(&test).await;
    let mut phone = harness.phone();
    assert!(phone.get("/brand.css").await.text().contains("--accent: #B45309"));
    let text = include_str!("../../demo/programme.toml")
        .replace("#B45309", "#1D4ED8")
        .replace("Club Ferrand", "Cercle <Durand>");
    let mut tx = test.db.write().await.unwrap();
    let settings = backend::programme::Settings::parse(&text).unwrap();
    backend::programme::apply::apply(&mut tx, &settings, backend::programme::apply::Past::Keeps)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    test.clock.advance(2_000);
    assert!(phone.get("/brand.css").await.text().contains("--accent: #1D4ED8"));
    let shell = phone.get("/app").await;
    assert!(
        shell.text().contains("<title>Cercle &lt;Durand&gt;</title>")
            || shell.text().contains("<title>Cercle &lt;Durand></title>"),
        "{}",
        shell.text()
    );
    assert_eq!(
        phone.get("/manifest.webmanifest").await.json()["name"],
        "Cercle <Durand>"
    );
}

#[tokio::test]
async fn limits_see_through_trusted_proxies_only() {
    let test = TestDb::sqlite().await;
    for (hops, status) in [("0", StatusCode::TOO_MANY_REQUESTS), ("1", StatusCode::OK)] {
        let harness = Harness::with(&test, &["--trusted-proxy", hops]).await;
        let phone = harness.phone_at("10.0.0.1");
        let mut last = StatusCode::OK;
        for number in 0..31 {
            let request = phone
                .request(Method::POST, "/invitation")
                .header("sec-fetch-site", "same-origin")
                .header("x-forwarded-for", format!("6.6.6.6, 203.0.113.{number}"))
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            last = phone
                .quietly(request.body(Body::from("code=WRONG")).unwrap())
                .await
                .status;
        }
        assert_eq!(last, status, "{hops} hops");
    }
}
