//! Sending codes, against a local mail server and SMS gateway.

use crate::harness::{Texts, digits, gateway, settings};
use backend::sessions::{Address, Message};
use domain::Lang;
use server::sending::Sending;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// Starts a mail server that accepts everything after `refusals` temporary refusals.
async fn mail_server(mails: Arc<Mutex<Vec<String>>>, mut refusals: u32) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read).lines();
            write.write_all(b"220 mail.example.com ESMTP\r\n").await.unwrap();
            let mut data: Option<String> = None;
            while let Ok(Some(line)) = lines.next_line().await {
                let answer: &[u8] = match &mut data {
                    Some(mail) if line == "." => {
                        mails.lock().unwrap().push(std::mem::take(mail));
                        data = None;
                        b"250 taken\r\n"
                    }
                    Some(mail) => {
                        mail.push_str(&line);
                        mail.push('\n');
                        continue;
                    }
                    None if line.starts_with("EHLO") => b"250-mail.example.com\r\n250 8BITMIME\r\n",
                    None if line.starts_with("MAIL") && refusals > 0 => {
                        refusals -= 1;
                        b"451 come back later\r\n"
                    }
                    None if line.starts_with("DATA") => {
                        data = Some(String::new());
                        b"354 go on\r\n"
                    }
                    None if line.starts_with("QUIT") => b"221 bye\r\n",
                    None => b"250 ok\r\n",
                };
                if write.write_all(answer).await.is_err() {
                    break;
                }
            }
        }
    });
    format!("smtp://{address}")
}

fn message(to: Address, language: Lang) -> Message {
    Message {
        to,
        language,
        code: "042917".into(),
    }
}

#[tokio::test]
async fn a_mail_carries_the_code() {
    let mails = Arc::new(Mutex::new(Vec::new()));
    let url = mail_server(mails.clone(), 0).await;
    let settings = settings(&[
        "--smtp-url",
        &url,
        "--mail-from",
        "Club Ferrand <club@example.com>",
    ]);
    let sending = Sending::new(&settings).unwrap();
    sending.check().await.unwrap();
    sending
        .send(
            &message(Address::Email("marie@example.com".into()), Lang::Fr),
            "Club Ferrand",
        )
        .await;
    let mails = mails.lock().unwrap();
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].contains("To: marie@example.com") && mails[0].contains("Club Ferrand"),
        "{}",
        mails[0]
    );
    assert!(mails[0].contains("Subject: 042917"), "{}", mails[0]);
    assert!(mails[0].contains("charset=utf-8"), "{}", mails[0]);
    assert_eq!(digits(&mails[0]), "042917");
}

#[tokio::test]
async fn a_mail_server_that_is_busy_is_asked_again() {
    let mails = Arc::new(Mutex::new(Vec::new()));
    let url = mail_server(mails.clone(), 1).await;
    let settings = settings(&["--smtp-url", &url, "--mail-from", "club@example.com"]);
    let sending = Sending::new(&settings).unwrap();
    sending
        .send(
            &message(Address::Email("tom@example.com".into()), Lang::En),
            "Club Ferrand",
        )
        .await;
    assert_eq!(mails.lock().unwrap().len(), 1);
}

/// The library panics over a greeting that is a blank line.
#[tokio::test]
async fn a_reply_that_breaks_the_library_costs_one_try() {
    server::http::recorder();
    let mails = Arc::new(Mutex::new(Vec::new()));
    let good = mail_server(mails.clone(), 0).await;
    let good = good.strip_prefix("smtp://").unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 mail.example.com\r\n").await.unwrap();
        lines.next_line().await.unwrap();
        write
            .write_all(b"250-mail.example.com\r\n250-  \r\n250 8BITMIME\r\n")
            .await
            .unwrap();
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = tokio::net::TcpStream::connect(good).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    });
    let settings = settings(&["--smtp-url", &url, "--mail-from", "club@example.com"]);
    let to = message(Address::Email("tom@example.com".into()), Lang::En);
    Sending::new(&settings).unwrap().send(&to, "Club Ferrand").await;
    assert_eq!(mails.lock().unwrap().len(), 1);
    let shown = server::http::recorder().render();
    assert!(
        shown.contains(r#"compagnon_task_panics_total{task="sending"} 1"#),
        "{shown}"
    );
}

#[tokio::test]
async fn a_text_message_carries_the_code_and_the_token() {
    let texts = Texts::default();
    let url = format!("http://{}/send", gateway(texts.clone()).await);
    let with = |token: &str| Sending::new(&settings(&["--sms-url", &url, "--sms-token", token])).unwrap();
    let to = || message(Address::Phone("+33639980012".into()), Lang::En);
    with("secret").send(&to(), "Club Ferrand").await;
    let sent = texts.lock().unwrap().clone();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["to"], "+33639980012");
    assert_eq!(
        sent[0]["text"],
        "Club Ferrand: your code is 042917. It is good for 10 minutes. Give it to nobody."
    );
}

#[tokio::test]
async fn what_is_not_set_up_is_said() {
    assert!(!Sending::new(&settings(&[])).unwrap().describe().0);
    let wrong = settings(&["--smtp-url", "smtp://127.0.0.1", "--mail-from", "not a mailbox <"]);
    assert!(format!("{:#}", Sending::new(&wrong).err().unwrap()).contains("MAIL_FROM"));
    let nobody = settings(&[
        "--smtp-url",
        "smtp://127.0.0.1:1",
        "--mail-from",
        "club@example.com",
    ]);
    assert!(Sending::new(&nobody).unwrap().check().await.is_err());
}
