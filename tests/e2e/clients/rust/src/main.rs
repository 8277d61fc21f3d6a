//! Drives the published Rust client; see ../README.md for the verbs.

mod calls;
mod cluster;
mod volume;

use std::collections::BTreeMap;
use std::io::Write;

use anyhow_lite::{bail, Result};
use fluvio::consumer::{ConsumerConfigExt, ConsumerStream, OffsetManagementStrategy};
use fluvio::metadata::partition::PartitionSpec;
use fluvio::metadata::topic::{CompressionAlgorithm, TopicSpec};
use fluvio::{Compression, Fluvio, FluvioClusterConfig, Offset, TopicProducerConfigBuilder};
use futures_util::StreamExt;
use serde_json::{json, Value};

/// The few lines of error plumbing that this program needs.
mod anyhow_lite {
    pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
    macro_rules! bail {
        ($($arg:tt)*) => { return Err(format!($($arg)*).into()) };
    }
    pub(crate) use bail;
}

fn say(value: Value) {
    println!("{value}");
    std::io::stdout().flush().expect("stdout");
}

fn record(tag: &str, i: u64) -> (String, String) {
    let letter = (b'a' + (i % 26) as u8) as char;
    let pad: String = std::iter::repeat(letter).take(((i * 37) % 200) as usize).collect();
    (format!("key-{i}"), format!("{tag}:{i}:{pad}"))
}

async fn create_topic(fluvio: &Fluvio, name: &str, partitions: u32, codec: &str) -> Result<()> {
    let mut spec = TopicSpec::new_computed(partitions, 1, None);
    spec.set_compression_type(codec.parse::<CompressionAlgorithm>()?);
    fluvio.admin().await.create(name.to_owned(), false, spec).await?;
    say(json!({"created": name}));
    Ok(())
}

async fn list_topics(fluvio: &Fluvio) -> Result<()> {
    let admin = fluvio.admin().await;
    let topics = admin.all::<TopicSpec>().await?;
    let partitions = admin.all::<PartitionSpec>().await?;
    say(json!({
        "topics": topics.iter().map(|t| t.name.clone()).collect::<Vec<_>>(),
        "partitions": partitions.iter().map(|p| p.name.clone()).collect::<Vec<_>>(),
    }));
    Ok(())
}

async fn produce(fluvio: &Fluvio, topic: &str, tag: &str, first: u64, count: u64, codec: &str)
    -> Result<()> {
    let config = TopicProducerConfigBuilder::default()
        .compression(codec.parse::<Compression>()?)
        .build()?;
    let producer = fluvio.topic_producer_with_config(topic, config).await?;
    let mut outputs = Vec::new();
    for i in first..first + count {
        let (key, value) = record(tag, i);
        outputs.push(producer.send(key, value).await?);
    }
    producer.flush().await?;
    let mut offsets: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
    for output in outputs {
        let metadata = output.wait().await?;
        offsets.entry(metadata.partition_id()).or_default().push(metadata.offset());
    }
    let shape: BTreeMap<String, Value> = offsets
        .iter()
        .map(|(partition, list)| {
            let dense = list.windows(2).all(|pair| pair[1] == pair[0] + 1);
            let last = list.len() - 1;
            (partition.to_string(), json!({"first": list[0], "last": list[last], "dense": dense}))
        })
        .collect();
    say(json!({"produced": count, "partitions": shape}));
    Ok(())
}

async fn consume(fluvio: &Fluvio, args: &[String]) -> Result<()> {
    let (topic, partition, start) = (&args[0], &args[1], args[2].as_str());
    let count: u64 = args[3].parse()?;
    let mut file = std::io::BufWriter::new(std::fs::File::create(&args[4])?);
    let consumer = args.get(5);
    let offset = match start {
        "beginning" => Offset::beginning(),
        "end" => Offset::end(),
        number => Offset::absolute(number.parse()?)?,
    };
    let mut builder = ConsumerConfigExt::builder();
    builder.topic(topic.as_str()).offset_start(offset);
    if partition != "all" {
        builder.partition(partition.parse()?);
    }
    if let Some(id) = consumer {
        builder.offset_consumer(id.as_str()).offset_strategy(OffsetManagementStrategy::Manual);
    }
    let mut stream = fluvio.consumer_with_config(builder.build()?).await?;
    say(json!({"ready": true}));
    let mut seen = 0;
    while seen < count {
        let Some(item) = stream.next().await else {
            bail!("the stream ended after {seen} records")
        };
        let record = match item {
            Ok(record) => record,
            Err(code) => bail!("the stream failed after {seen} records: {code:?}"),
        };
        let key = String::from_utf8_lossy(record.key().unwrap_or_default()).into_owned();
        let value = String::from_utf8_lossy(record.value());
        writeln!(file, "{}\t{key}\t{value}", record.offset())?;
        seen += 1;
    }
    file.flush()?;
    if consumer.is_some() {
        stream.offset_commit().await.map_err(|code| format!("commit: {code:?}"))?;
        stream.offset_flush().await.map_err(|code| format!("flush: {code:?}"))?;
    }
    say(json!({"consumed": seen}));
    Ok(())
}

async fn run(args: &[String]) -> Result<()> {
    if args.len() < 2 {
        bail!("usage: weir-e2e-client HOST:PORT VERB ...");
    }
    let rest = &args[2..];
    if args[1] == "calls" {
        return calls::run(&args[0], &rest[0], &rest[1]).await;
    }
    let fluvio = Fluvio::connect_with_config(&FluvioClusterConfig::new(&args[0])).await?;
    match args[1].as_str() {
        "create-topic" => create_topic(&fluvio, &rest[0], rest[1].parse()?, &rest[2]).await,
        "delete-topic" => {
            fluvio.admin().await.delete::<TopicSpec>(rest[0].clone()).await?;
            say(json!({"deleted": rest[0]}));
            Ok(())
        }
        "list-topics" => list_topics(&fluvio).await,
        "produce" => {
            let (first, count) = (rest[2].parse()?, rest[3].parse()?);
            produce(&fluvio, &rest[0], &rest[1], first, count, &rest[4]).await
        }
        "consume" => consume(&fluvio, rest).await,
        "platform-version" => {
            say(json!({"version": fluvio.platform_version().to_string()}));
            Ok(())
        }
        "register-spu" => cluster::register_spu(&fluvio, rest).await,
        "list-spus" => cluster::list_spus(&fluvio).await,
        "produce-volume" => volume::produce(&fluvio, rest).await,
        "consume-volume" => volume::consume(&fluvio, rest).await,
        "list-offsets" => {
            for item in fluvio.consumer_offsets().await? {
                say(json!({"consumer": item.consumer_id, "topic": item.topic,
                           "partition": item.partition, "offset": item.offset}));
            }
            Ok(())
        }
        "delete-offset" => {
            let partition: u32 = rest[2].parse()?;
            fluvio.delete_consumer_offset(rest[0].clone(), (rest[1].clone(), partition)).await?;
            say(json!({"deleted": rest[0]}));
            Ok(())
        }
        verb => bail!("unknown verb {verb}"),
    }
}

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Err(error) = run(&args).await {
        say(json!({"error": error.to_string()}));
        std::process::exit(1);
    }
}
