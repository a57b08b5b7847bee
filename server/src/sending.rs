//! Sends codes to members: by mail, by text message, or into the log if neither is configured.

use crate::settings::Serve;
use crate::tasks;
use anyhow::{Context, Result, bail};
use app::public::text;
use backend::sessions::{Address, Message};
use lettre::message::{Mailbox, header::ContentType};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use std::time::Duration;

/// The configured channels.
#[derive(Clone)]
pub struct Sending {
    mail: Option<Mail>,
    texts: Option<Texts>,
    /// Pauses between retries.
    pauses: &'static [Duration],
}

#[derive(Clone)]
struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

#[derive(Clone)]
struct Texts {
    client: reqwest::Client,
    url: reqwest::Url,
    token: Option<String>,
}

const SEND_TIMEOUT: Duration = Duration::from_secs(15);
const PAUSES: &[Duration] = &[Duration::from_secs(1), Duration::from_secs(5)];

impl Sending {
    /// # Errors
    /// If an address or the sender cannot be parsed.
    pub fn new(settings: &Serve) -> Result<Sending> {
        let mail = match (&settings.smtp_url, &settings.mail_from) {
            (Some(url), Some(from)) => {
                let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
                    .context("SMTP_URL")?
                    .timeout(Some(SEND_TIMEOUT))
                    .build();
                Some(Mail {
                    transport,
                    from: from.parse().context("MAIL_FROM")?,
                })
            }
            (Some(_), None) => bail!("SMTP_URL is set, and MAIL_FROM is not: mails need a sender"),
            (None, _) => None,
        };
        let texts = match &settings.sms_url {
            Some(url) => {
                // Fails only if another part of the program installed a provider first, which is fine.
                let _ = rustls::crypto::ring::default_provider().install_default();
                let client = reqwest::Client::builder()
                    .timeout(SEND_TIMEOUT)
                    .redirect(reqwest::redirect::Policy::none())
                    .build()
                    .context("SMS_URL")?;
                Some(Texts {
                    client,
                    url: url.parse().context("SMS_URL")?,
                    token: settings.sms_token.clone(),
                })
            }
            None => None,
        };
        Ok(Sending {
            mail,
            texts,
            pauses: PAUSES,
        })
    }

    /// Describes which channels are configured; `true` if codes can be sent.
    pub fn describe(&self) -> (bool, &'static str) {
        match (&self.mail, &self.texts) {
            (Some(_), Some(_)) => (true, "codes go out by mail and by text message"),
            (Some(_), None) => (
                true,
                "codes go out by mail; who signs in with a phone number gets none (SMS_URL is not set)",
            ),
            (None, Some(_)) => (
                true,
                "codes go out by text message; who signs in with an e-mail address gets none (SMTP_URL is not set)",
            ),
            (None, None) => (
                false,
                "NO SIGN-IN CODE CAN BE SENT: neither SMTP_URL nor SMS_URL is set; give codes by hand: compagnon code",
            ),
        }
    }

    /// Checks that the mail server responds and accepts us; sends nothing.
    ///
    /// # Errors
    /// The mail server's error.
    pub async fn check(&self) -> Result<()> {
        if let Some(mail) = &self.mail
            && !mail.transport.test_connection().await.context("mail server")?
        {
            bail!("mail server: it does not answer");
        }
        Ok(())
    }

    fn reaches(&self, to: &Address) -> bool {
        match to {
            Address::Email(_) => self.mail.is_some(),
            Address::Phone(_) => self.texts.is_some(),
        }
    }

    async fn try_once(&self, message: &Message, brand: &str) -> Result<()> {
        let Message { language, code, .. } = message;
        match (&message.to, &self.mail, &self.texts) {
            (Address::Email(address), Some(mail), _) => {
                let subject = text::message_subject(*language, brand, code);
                mail.send(address, subject, text::message_mail(*language, brand, code))
                    .await
            }
            (Address::Phone(number), _, Some(texts)) => {
                texts
                    .send(number, &text::message_text(*language, brand, code))
                    .await
            }
            (Address::Email(_), None, _) => bail!("SMTP_URL is not set"),
            (Address::Phone(_), _, None) => bail!("SMS_URL is not set"),
        }
    }

    /// Sends a code. Failures are retried, then logged: no caller waits for the result.
    pub async fn send(&self, message: &Message, brand: &str) {
        let way = match message.to {
            Address::Email(_) => "mail",
            Address::Phone(_) => "text",
        };
        if !self.reaches(&message.to) {
            // Why without the address and the code: whoever reads the log could sign in.
            tracing::warn!(
                event = "code_not_sent",
                way,
                "a code was not sent: no way to send it is set up"
            );
            metrics::counter!("compagnon_codes_sent_total", "way" => way, "result" => "failed").increment(1);
            return;
        }
        for pause in self.pauses.iter().map(Some).chain([None]) {
            // A mail server's reply must not end the sending, whatever it makes of the library.
            let sent = tasks::caught("sending", self.try_once(message, brand)).await;
            let sent = sent.unwrap_or_else(|panicked| Err(panicked.into()));
            match (sent.map_err(|error| without(message, &error)), pause) {
                (Ok(()), _) => {
                    metrics::counter!("compagnon_codes_sent_total", "way" => way, "result" => "sent")
                        .increment(1);
                    return;
                }
                (Err(error), Some(pause)) => {
                    tracing::warn!(
                        event = "code_send_retried",
                        way,
                        error,
                        "a code was not sent; trying again"
                    );
                    tokio::time::sleep(*pause).await;
                }
                (Err(error), None) => {
                    metrics::counter!("compagnon_codes_sent_total", "way" => way, "result" => "failed")
                        .increment(1);
                    tracing::error!(event = "code_not_sent", way, error, "a code was not sent");
                }
            }
        }
    }
}

/// Formats an error without the address and the code, which a mail server may have repeated.
fn without(message: &Message, error: &anyhow::Error) -> String {
    let said = format!("{error:#}");
    let said = said.replace(message.to.as_str(), "(address)");
    said.replace(&message.code, "(code)")
}

impl Mail {
    async fn send(&self, to: &str, subject: String, body: String) -> Result<()> {
        let mail = lettre::Message::builder()
            .from(self.from.clone())
            .to(to.parse().context("address")?)
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(body)?;
        self.transport.send(mail).await?;
        Ok(())
    }
}

impl Texts {
    async fn send(&self, to: &str, text: &str) -> Result<()> {
        let mut request = self
            .client
            .post(self.url.clone())
            .json(&serde_json::json!({ "to": to, "text": text }));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        // Why without the URL: it may contain a secret.
        let answer = request.send().await.map_err(reqwest::Error::without_url)?;
        if !answer.status().is_success() {
            bail!("the gateway answered {}", answer.status());
        }
        Ok(())
    }
}
