use ogpu::{follow::Update, format_ogpu, orders::Question, outcome::Answer, Client, Key, Options};

#[tokio::main]
async fn main() -> Result<(), ogpu::Error> {
	let client = Client::connect(Options {
		node: Some("ws://127.0.0.1:9944".into()),
		key: Some(Key::File { file: "my.key".into(), password_file: None }),
		..Options::default()
	})
	.await?;

	// What it would cost, and who could answer.
	let offer = client.offer(0).await?;
	let question = Question::new(vec!["Once upon a time".into()]);
	let quote = client.quote_request(&offer, &question).await?;
	println!("at most {} OGPU are held", format_ogpu(quote.held()));

	// Refused here if the balance, or the lock that answers for the inputs, is too small.
	let prepared = client.prepare_request(&quote, &question).await?;
	let request = client.request(&offer, &question, &quote, prepared).await?;

	// The answer comes before the verdict. As long as this runs, whoever checks it can fetch the question.
	let mut follow = client.follow(&request.name.0, false).await?;
	while let Some(update) = follow.next().await? {
		match update {
			Update::Delivered { delivered, .. } => match client.read(&follow.entry, &[delivered]).await? {
				Answer::Texts(texts) => println!("{texts:?} ({:?})", delivered.provenance),
				other => println!("{other:?}"),
			},
			Update::Ended(end) => println!("{}: {}", if end.is_accepted { "accepted" } else { "refused" }, end.why),
			_ => {}
		}
	}
	client.close().await;
	Ok(())
}
