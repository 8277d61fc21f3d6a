//! Every call of the published Rust client, checked; see ../../../README.md.

mod admin;
mod data;
mod errors;
mod offsets;

use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use fluvio::consumer::{ConsumerConfigExt, ConsumerConfigExtBuilder};
use fluvio::metadata::topic::TopicSpec;
use fluvio::{
    Fluvio, FluvioAdmin, FluvioClusterConfig, Isolation, Offset, RecordKey,
    TopicProducerConfigBuilder,
};
use futures_util::{Stream, StreamExt};
use serde_json::json;

use crate::{say, Result};

pub const COUNT: u32 = 20;
const STEP_TIMEOUT: Duration = Duration::from_secs(60);

/// One cluster, the names that this run may use, and connections to it.
pub struct World {
    pub prefix: String,
    pub replicas: u32,
    pub config: FluvioClusterConfig,
    pub fluvio: Fluvio,
    pub admin: FluvioAdmin,
}

impl World {
    pub fn name(&self, what: &str) -> String {
        format!("{}-{what}", self.prefix)
    }

    pub fn spec(&self, partitions: u32) -> TopicSpec {
        TopicSpec::new_computed(partitions, self.replicas, Some(true))
    }

    pub async fn make_topic(&self, what: &str, partitions: u32) -> Result<String> {
        let name = self.name(what);
        self.admin.create(name.clone(), false, self.spec(partitions)).await?;
        self.wait_until_known(&name).await?;
        Ok(name)
    }

    /// The other connection hears of topics by a watch of its own, which may come after the answer
    /// to the creation; the client looks into what it has heard, and does not wait.
    pub async fn wait_until_known(&self, name: &str) -> Result<()> {
        let begin = std::time::Instant::now();
        loop {
            match self.fluvio.topic_producer(name).await {
                Ok(_) => return Ok(()),
                Err(error) if begin.elapsed() > STEP_TIMEOUT / 2 => return Err(error.into()),
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }

    /// A topic with the values 0 to count - 1, committed: an offset that a client asks for is cut
    /// down to the high watermark, which follows what is acknowledged.
    pub async fn make_filled(&self, what: &str, count: u32, partitions: u32) -> Result<String> {
        let name = self.make_topic(what, partitions).await?;
        // Time enough for a busy machine: what is sent again would be there twice.
        let config = TopicProducerConfigBuilder::default()
            .isolation(Isolation::ReadCommitted)
            .timeout(Duration::from_secs(20))
            .build()?;
        let producer = self.fluvio.topic_producer_with_config(name.clone(), config).await?;
        for i in 0..count {
            producer.send(RecordKey::NULL, i.to_string()).await?;
        }
        producer.flush().await?;
        Ok(name)
    }

    pub async fn topics(&self) -> Result<Vec<String>> {
        let listed = self.admin.all::<TopicSpec>().await?;
        Ok(listed.into_iter().map(|topic| topic.name).collect())
    }

    /// The values of a topic from its beginning, of all partitions.
    pub async fn values(&self, topic: &str, count: u32) -> Result<Vec<String>> {
        let config = from_beginning(topic).build()?;
        take(self.fluvio.consumer_with_config(config).await?, count).await
    }
}

pub fn from_beginning(topic: &str) -> ConsumerConfigExtBuilder {
    let mut builder = ConsumerConfigExt::builder();
    builder.topic(topic).offset_start(Offset::beginning());
    builder
}

pub async fn take<S, E>(mut stream: S, count: u32) -> Result<Vec<String>>
where
    S: Stream<Item = std::result::Result<fluvio::consumer::Record, E>> + Unpin,
    E: Debug,
{
    let mut found = Vec::new();
    while found.len() < count as usize {
        match stream.next().await {
            Some(Ok(record)) => found.push(String::from_utf8_lossy(record.value()).into_owned()),
            Some(Err(error)) => return Err(format!("{error:?}").into()),
            None => break,
        }
    }
    Ok(found)
}

pub fn numbers(first: u32, last: u32) -> Vec<String> {
    (first..last).map(|i| i.to_string()).collect()
}

pub fn sorted(mut values: Vec<String>) -> Vec<String> {
    values.sort();
    values
}

pub fn check<T: PartialEq + Debug>(found: T, expected: T) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    let (left, right) = (format!("{found:?}"), format!("{expected:?}"));
    Err(format!("found {left:.300}, expected {right:.300}").into())
}

/// Runs one step and says how its calls did.
pub async fn step<F>(calls: &[&str], run: F)
where
    F: Future<Output = Result<()>>,
{
    let outcome = match tokio::time::timeout(STEP_TIMEOUT, run).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("no answer".to_owned()),
    };
    say(json!({"step": calls[0], "calls": calls, "error": outcome}));
}

pub async fn run(address: &str, prefix: &str, replicas: &str) -> Result<()> {
    let config = FluvioClusterConfig::new(address);
    let world = World {
        prefix: prefix.to_owned(),
        replicas: replicas.parse()?,
        fluvio: Fluvio::connect_with_config(&config).await?,
        admin: FluvioAdmin::connect_with_config(&config).await?,
        config,
    };
    admin::run(&world).await;
    data::run(&world).await;
    offsets::run(&world).await;
    errors::run(&world).await;
    Ok(())
}
