//! Connections that would carry codes, tokens and members' data readably over a network: refused, unless told.

use crate::settings::Serve;
use anyhow::{Context, Result, bail};
use reqwest::Url;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::net::IpAddr;
use std::str::FromStr;

/// The option that allows them, for messages.
const OPTION: &str = "--allow-plaintext (ALLOW_PLAINTEXT=true)";

/// True for a host name or address of this machine.
pub fn is_this_machine(host: &str) -> bool {
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .trim_end_matches('.');
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// Refuses a database on another machine that is reached without TLS.
///
/// # Errors
/// What to write instead.
pub fn refuse_database(name: &str, url: &str) -> Result<()> {
    if !url.starts_with("postgres:") && !url.starts_with("postgresql:") {
        return Ok(());
    }
    // Why without the address: it contains the password.
    let options =
        PgConnectOptions::from_str(url).with_context(|| format!("{name}: the address cannot be read"))?;
    let host = options.get_host();
    let near = options.get_socket().is_some() || host.starts_with('/') || is_this_machine(host);
    let encrypted = matches!(
        options.get_ssl_mode(),
        PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull
    );
    if !near && !encrypted {
        bail!(
            "{name}: PostgreSQL at {host} could be reached without TLS. Add ?sslmode=verify-full (or require) to the \
            address, or allow it with {OPTION}"
        );
    }
    Ok(())
}

/// Refuses a mail server or gateway on another machine that is reached without TLS.
///
/// # Errors
/// What to write instead.
pub fn refuse_sending(settings: &Serve) -> Result<()> {
    if let Some(url) = &settings.smtp_url {
        let url = Url::parse(url).context("SMTP_URL: the address cannot be read")?;
        let host = url.host_str().unwrap_or_default();
        // Opportunistic encryption is none where somebody is in between.
        let encrypted = url.scheme() == "smtps"
            || url
                .query_pairs()
                .any(|(name, value)| name == "tls" && value == "required");
        if !encrypted && !is_this_machine(host) {
            bail!(
                "SMTP_URL: codes would go to {host} without TLS. Write smtps://…, or smtp://…?tls=required (STARTTLS), \
                or allow it with {OPTION}"
            );
        }
    }
    if let Some(url) = &settings.sms_url {
        let url = Url::parse(url).context("SMS_URL: the address cannot be read")?;
        let host = url.host_str().unwrap_or_default();
        if url.scheme() != "https" && !is_this_machine(host) {
            bail!(
                "SMS_URL: codes would go to {host} without TLS. Write https://…, or allow it with {OPTION}"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Command, Settings};
    use clap::Parser;

    #[test]
    fn a_database_on_another_machine_needs_tls() {
        for good in [
            "sqlite:data/compagnon.db",
            "postgres://me:secret@localhost/club",
            "postgres://me@127.0.0.1:5433/club",
            "postgres://me@[::1]/club",
            "postgres:///club?host=/run/postgresql",
            "postgres://me@db.example.com/club?sslmode=require",
            "postgresql://me@db.example.com/club?sslmode=verify-full",
        ] {
            assert!(refuse_database("DATABASE_URL", good).is_ok(), "{good}");
        }
        for bad in [
            "postgres://me:secret@db.example.com/club",
            "postgres://me:secret@10.0.0.7/club?sslmode=prefer",
            "postgresql://me:secret@localhost.example.com/club?sslmode=disable",
            "postgres://me:secret@127.0.0.1.example.com/club?sslmode=allow",
        ] {
            let said = refuse_database("DATABASE_URL", bad).unwrap_err().to_string();
            assert!(
                said.contains("--allow-plaintext") && !said.contains("secret"),
                "{said}"
            );
        }
    }

    fn sending(mail: &str, texts: &str) -> Result<()> {
        let arguments = [
            "compagnon",
            "serve",
            "--mail-from",
            "a@example.com",
            "--smtp-url",
            mail,
            "--sms-url",
            texts,
        ];
        match Settings::parse_from(arguments).command {
            Command::Serve(settings) => refuse_sending(&settings),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn codes_go_out_encrypted() {
        const MAIL: &str = "smtps://me:secret@mail.example.com";
        const TEXTS: &str = "https://sms.example.com/send";
        for (mail, texts) in [
            (MAIL, TEXTS),
            ("smtp://me:secret@mail.example.com:587?tls=required", TEXTS),
            ("smtp://127.0.0.1:1025", "http://localhost:8080/send"),
            ("smtp://[::1]", "http://127.9.9.9/"),
        ] {
            assert!(sending(mail, texts).is_ok(), "{mail} {texts}");
        }
        for (mail, texts, named) in [
            ("smtp://me:secret@mail.example.com", TEXTS, "SMTP_URL"),
            ("smtp://mail.example.com?tls=opportunistic", TEXTS, "SMTP_URL"),
            (MAIL, "http://sms.example.com/?key=secret", "SMS_URL"),
            (MAIL, "http://192.168.1.7/send", "SMS_URL"),
        ] {
            let said = sending(mail, texts).unwrap_err().to_string();
            assert!(
                said.starts_with(named) && said.contains("--allow-plaintext"),
                "{said}"
            );
            assert!(!said.contains("secret"), "{said}");
        }
    }
}
