// Drives the published Node client; see ../README.md for the verbs.
'use strict'

const fs = require('fs')

const { default: Fluvio, Offset, SmartModuleType } = require('@fluvio/client')

function say(fields) {
    // Written synchronously: the native module ends the process without draining a pipe.
    fs.writeSync(1, JSON.stringify(fields) + '\n')
}

function record(tag, i) {
    const letter = String.fromCharCode(97 + (i % 26))
    return [`key-${i}`, `${tag}:${i}:${letter.repeat((i * 37) % 200)}`]
}

async function connect(address) {
    const [host, port] = address.split(':')
    return Fluvio.connect({ host, port: Number(port) })
}

async function createTopic(client, name, partitions, codec) {
    if (codec !== 'any') {
        throw new Error('this client cannot set the compression of a topic')
    }
    const admin = await client.admin()
    await admin.createTopic(name, {
        partitions: Number(partitions),
        replicationFactor: 1,
        ignoreRackAssignment: false,
    })
    say({ created: name })
}

async function deleteTopic(client, name) {
    const admin = await client.admin()
    await admin.deleteTopic(name)
    say({ deleted: name })
}

async function listTopics(client) {
    const admin = await client.admin()
    const topics = JSON.parse(await admin.listTopic())
    const partitions = JSON.parse(await admin.listPartitions())
    say({
        topics: topics.map((topic) => topic.name),
        partitions: partitions.map((partition) => partition.name),
    })
}

async function produce(client, topic, tag, first, count) {
    const producer = await client.topicProducer(topic)
    const end = Number(first) + Number(count)
    for (let i = Number(first); i < end; i++) {
        const [key, value] = record(tag, i)
        await producer.send(key, value)
    }
    await producer.flush()
    say({ produced: Number(count), partitions: null })
}

function offsetOf(start) {
    if (start === 'beginning') {
        return Offset.FromBeginning()
    }
    if (start === 'end') {
        return Offset.FromEnd()
    }
    // From the beginning plus N; with no record evicted this is the offset itself.
    return { index: Number(start), from: 'beginning' }
}

async function consume(client, topic, partition, start, count, outfile) {
    const consumer = await client.partitionConsumer(topic, Number(partition))
    const stream = await consumer.createStream(offsetOf(start))
    say({ ready: true })
    const out = fs.openSync(outfile, 'w')
    let seen = 0
    for await (const item of stream) {
        fs.writeSync(out, `-\t${item.keyString()}\t${item.valueString()}\n`)
        seen++
        if (seen === Number(count)) {
            break
        }
    }
    fs.closeSync(out)
    say({ consumed: seen })
}

// All of the records `line N`, filled up to a size, in order (see rust/src/volume.rs).
async function consumeVolume(client, topic, count, size, maxBytes) {
    const consumer = await client.partitionConsumer(topic, 0)
    // The kind of a SmartModule is asked for even without one.
    const config = { maxBytes: Number(maxBytes), smartmoduleType: SmartModuleType.Filter }
    let seen = 0
    for await (const item of await consumer.streamWithConfig(Offset.FromBeginning(), config)) {
        const expected = `line ${seen}`.padEnd(Number(size), '.')
        if (item.valueString() !== expected) {
            throw new Error(`another record at ${seen}: ${item.valueString().slice(0, 40)}`)
        }
        seen++
        if (seen === Number(count)) {
            break
        }
    }
    say({ consumed: seen })
}

const verbs = {
    'create-topic': createTopic,
    'delete-topic': deleteTopic,
    'list-topics': listTopics,
    produce,
    consume,
    'consume-volume': consumeVolume,
}

async function main() {
    const [address, verb, ...args] = process.argv.slice(2)
    if (!verbs[verb]) {
        throw new Error(`unknown verb ${verb}`)
    }
    const client = await connect(address)
    await verbs[verb](client, ...args)
}

main().then(
    // The client keeps its sockets open, so the process has to be ended.
    () => process.exit(0),
    (error) => {
        say({ error: String(error && error.message ? error.message : error) })
        process.exit(1)
    }
)
