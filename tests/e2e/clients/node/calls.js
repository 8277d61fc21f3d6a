// Every call of the published Node client, checked; see ../README.md.
//
//     calls.js surface
//     calls.js HOST:PORT PREFIX REPLICAS FOLDER
'use strict'

const fs = require('fs')
const path = require('path')

const fluvio = require('@fluvio/client')
const { default: Fluvio, Offset, SmartModuleType } = fluvio

const COUNT = 20
const STEP_TIMEOUT_MS = 20_000

function say(fields) {
    // Written synchronously: the native module ends the process without draining a pipe.
    fs.writeSync(1, JSON.stringify(fields) + '\n')
}

function check(found, expected) {
    const [left, right] = [JSON.stringify(found), JSON.stringify(expected)]
    if (left !== right) {
        throw new Error(`found ${left}, expected ${right}`)
    }
}

async function refused(text, promise) {
    let problem = null
    try {
        await promise
    } catch (error) {
        problem = String(error && error.message ? error.message : error)
    }
    if (problem === null || !problem.includes(text)) {
        throw new Error(`not refused with ${text}: ${problem}`)
    }
}

function numbers(first, last) {
    return Array.from({ length: last - first }, (_, i) => String(first + i))
}

async function connect(address) {
    const [host, port] = address.split(':')
    return Fluvio.connect({ host, port: Number(port) })
}

class World {
    constructor(address, prefix, replicas, folder) {
        this.address = address
        this.prefix = prefix
        this.replicas = Number(replicas)
        this.folder = folder
    }

    async open() {
        this.client = await connect(this.address)
        this.admin = await this.client.admin()
    }

    name(what) {
        return `${this.prefix}-${what}`
    }

    async makeTopic(what, partitions = 1) {
        const name = this.name(what)
        await this.admin.createTopic(name, {
            partitions,
            replicationFactor: this.replicas,
            ignoreRackAssignment: true,
        })
        return name
    }

    async makeFilled(what, count) {
        const name = await this.makeTopic(what)
        const producer = await this.client.topicProducer(name)
        await producer.sendAll(numbers(0, count).map((value) => [`k${value}`, value]))
        await producer.flush()
        await this.committed(name, count)
        return name
    }

    // An offset that a client asks for is cut down to the high watermark, which follows what is
    // acknowledged. This client cannot produce committed, but sees what the leader reports.
    async committed(topic, count) {
        for (;;) {
            const partition = await this.admin.findPartition(topic)
            if (partition.status.leader.hw === count) {
                return
            }
            await new Promise((resolve) => setTimeout(resolve, 20))
        }
    }

    async topics() {
        return JSON.parse(await this.admin.listTopic()).map((topic) => topic.name)
    }
}

async function take(stream, count) {
    const found = []
    for await (const record of stream) {
        found.push(record.valueString())
        if (found.length === count) {
            break
        }
    }
    return found
}

async function values(world, topic, count, partition = 0) {
    const consumer = await world.client.partitionConsumer(topic, partition)
    return take(await consumer.createStream(Offset.FromBeginning()), count)
}

const steps = []

function step(name, calls, run) {
    steps.push({ name, calls, run })
}

step('connection', ['Fluvio.connect', 'Fluvio.admin'], async (world) => {
    const client = await connect(world.address)
    const admin = await client.admin()
    check(Array.isArray(JSON.parse(await admin.listTopic())), true)
})

step(
    'topic life',
    [
        'FluvioAdmin.createTopic',
        'FluvioAdmin.listTopic',
        'FluvioAdmin.listPartitions',
        'FluvioAdmin.deleteTopic',
    ],
    async (world) => {
        const name = await world.makeTopic('life', 2)
        check((await world.topics()).includes(name), true)
        const partitions = JSON.parse(await world.admin.listPartitions())
        check(partitions.filter((item) => item.name.startsWith(`${name}-`)).length, 2)
        await world.admin.deleteTopic(name)
        check((await world.topics()).includes(name), false)
    }
)

step('assigned topic', ['FluvioAdmin.createTopic with maps'], async (world) => {
    const name = world.name('assigned')
    const replicas = Array.from({ length: world.replicas }, (_, i) => 5001 + i)
    await world.admin.createTopic(name, { maps: [{ id: 0, replicas }] })
    check((await world.topics()).includes(name), true)
})

step('find topic', ['FluvioAdmin.findTopic'], async (world) => {
    const name = await world.makeTopic('found', 2)
    const topic = await world.admin.findTopic(name)
    // Not the shape that the library declares: it shows the objects of its Rust core.
    check([topic.name, topic.spec.replicas.computed.partitions], [name, 2])
})

step('find partition', ['FluvioAdmin.findPartition'], async (world) => {
    const name = await world.makeTopic('parts')
    const partition = await world.admin.findPartition(name)
    check(partition.name, `${name}-0`)
})

step('list spus', ['FluvioAdmin.listSpu'], async (world) => {
    const names = JSON.parse(await world.admin.listSpu()).map((spu) => spu.name)
    check(names.includes('custom-spu-5001'), true)
})

const endpoint = { host: '127.0.0.1', port: 19006, encryption: 'Plaintext' }
const ingress = {
    port: 19005,
    ingress: [{ hostname: '127.0.0.1' }],
    encryption: 'Plaintext',
}

step('create custom spu', ['FluvioAdmin.createCustomSpu'], async (world) => {
    const spec = { id: 7001, publicEndpoint: ingress, privateEndpoint: endpoint }
    await world.admin.createCustomSpu(world.name('spu'), spec)
})

step('delete custom spu', ['FluvioAdmin.deleteCustomSpu'], async (world) => {
    await refused('not found', world.admin.deleteCustomSpu('nobody'))
})

step(
    'spu group',
    ['FluvioAdmin.createManagedSpu', 'FluvioAdmin.deleteManagedSpu'],
    async (world) => {
        const name = world.name('group')
        await world.admin.createManagedSpu(name, {
            replicas: 1,
            minId: 100,
            spuConfig: { env: [] },
        })
        await world.admin.deleteManagedSpu(name)
    }
)

step(
    'produce',
    [
        'Fluvio.topicProducer',
        'TopicProducer.send',
        'TopicProducer.sendAll',
        'TopicProducer.flush',
    ],
    async (world) => {
        const name = await world.makeTopic('produce')
        const producer = await world.client.topicProducer(name)
        await producer.send('key', '0')
        await producer.sendAll([
            ['a', '1'],
            ['b', '2'],
        ])
        await producer.flush()
        check(await values(world, name, 3), numbers(0, 3))
    }
)

step('produce bytes', ['TopicProducer.send of bytes'], async (world) => {
    const name = await world.makeTopic('bytes')
    const producer = await world.client.topicProducer(name)
    await producer.send(Buffer.from('key'), Buffer.from('value'))
    await producer.flush()
    check(await values(world, name, 1), ['value'])
})

step('produce to a partition', ['TopicProducer.sendRecord'], async (world) => {
    const name = await world.makeTopic('record')
    const producer = await world.client.topicProducer(name)
    await producer.sendRecord('0', 0)
    await producer.flush()
    check(await values(world, name, 1), ['0'])
})

step('fetch', ['PartitionConsumer.fetch'], async (world) => {
    const name = await world.makeFilled('fetch', COUNT)
    const consumer = await world.client.partitionConsumer(name, 0)
    const response = await consumer.fetch(Offset.FromBeginning())
    check(response.toRecords(), numbers(0, COUNT))
})

step(
    'consume',
    [
        'Fluvio.partitionConsumer',
        'PartitionConsumer.createStream',
        'Offset.FromBeginning',
        'Offset.FromEnd',
        'Offset of an index',
    ],
    async (world) => {
        const name = await world.makeFilled('consume', COUNT)
        const consumer = await world.client.partitionConsumer(name, 0)
        const all = await consumer.createStream(Offset.FromBeginning())
        check(await take(all, COUNT), numbers(0, COUNT))
        const fifth = new Offset({ index: 5, from: 'beginning' })
        check(await take(await consumer.createStream(fifth), 3), numbers(5, 8))
        const last = new Offset({ index: 4, from: 'end' })
        check(await take(await consumer.createStream(last), 4), numbers(COUNT - 4, COUNT))
        const stream = await consumer.createStream(Offset.FromEnd())
        const producer = await world.client.topicProducer(name)
        await producer.send('k', 'at the end')
        await producer.flush()
        check(await take(stream, 1), ['at the end'])
    }
)

step(
    'record',
    ['Record.key', 'Record.hasKey', 'Record.value', 'Record.keyString', 'Record.valueString'],
    async (world) => {
        const name = await world.makeFilled('fields', 1)
        const consumer = await world.client.partitionConsumer(name, 0)
        for await (const record of await consumer.createStream(Offset.FromBeginning())) {
            const text = (buffer) => Buffer.from(buffer).toString()
            check(
                [record.hasKey(), record.keyString(), record.valueString()],
                [true, 'k0', '0']
            )
            check([text(record.key()), text(record.value())], ['k0', '0'])
            break
        }
    }
)

step('consume by callback', ['PartitionConsumer.stream'], async (world) => {
    const name = await world.makeFilled('callback', COUNT)
    const consumer = await world.client.partitionConsumer(name, 0)
    const found = []
    await new Promise((resolve, reject) => {
        consumer
            .stream(Offset.FromBeginning(), (record) => {
                found.push(record.valueString())
                if (found.length === COUNT) {
                    resolve()
                }
            })
            .catch(reject)
    })
    check(found, numbers(0, COUNT))
})

step('consume with a limit', ['PartitionConsumer.streamWithConfig'], async (world) => {
    const name = await world.makeFilled('limited', COUNT)
    const consumer = await world.client.partitionConsumer(name, 0)
    // The kind of a SmartModule is asked for even without one.
    const config = { maxBytes: 100, smartmoduleType: SmartModuleType.Filter }
    const stream = await consumer.streamWithConfig(Offset.FromBeginning(), config)
    check(await take(stream, COUNT), numbers(0, COUNT))
})

step('filter', ['PartitionConsumer.streamWithConfig of a SmartModule'], async (world) => {
    const name = await world.makeFilled('filtered', COUNT)
    const file = path.join(world.folder, 'node.wasm')
    fs.writeFileSync(file, Buffer.from('\0asm\x01\0\0\0'))
    const consumer = await world.client.partitionConsumer(name, 0)
    const stream = await consumer.streamWithConfig(Offset.FromBeginning(), {
        smartmoduleType: SmartModuleType.Filter,
        smartmoduleFile: file,
    })
    check(await take(stream, 1), ['0'])
})

step('topic exists', ['error: topic exists'], async (world) => {
    await world.makeTopic('exists')
    await refused('already exists', world.makeTopic('exists'))
})

step('bad name', ['error: bad name of a topic'], async (world) => {
    for (const name of ['Upper', '-dash', 'x'.repeat(64)]) {
        await refused('', world.admin.createTopic(name, { partitions: 1, replicationFactor: 1 }))
    }
})

step('unknown topic', ['error: unknown topic'], async (world) => {
    const name = world.name('nowhere')
    await refused('not found', world.admin.deleteTopic(name))
    await refused('', world.client.topicProducer(name))
})

const CLASSES = ['TopicProducer', 'PartitionConsumer', 'FluvioAdmin', 'Offset']
// Private in TypeScript; made by the library itself.
const PRIVATE = ['checkConnection', 'create']

function surface() {
    const classes = [['Fluvio', Fluvio], ...CLASSES.map((name) => [name, fluvio[name]])]
    return classes.flatMap(([name, kind]) =>
        [...Object.getOwnPropertyNames(kind.prototype), ...Object.getOwnPropertyNames(kind)]
            .filter((call) => typeof (kind.prototype[call] || kind[call]) === 'function')
            .filter((call) => call !== 'constructor' && !PRIVATE.includes(call))
            .map((call) => `${name}.${call}`)
    )
}

function within(promise) {
    const late = new Promise((_, reject) =>
        setTimeout(() => reject(new Error('no answer')), STEP_TIMEOUT_MS)
    )
    return Promise.race([promise, late])
}

async function main() {
    const args = process.argv.slice(2)
    if (args[0] === 'surface') {
        say({ surface: [...new Set(surface())] })
        return
    }
    const world = new World(...args)
    await world.open()
    for (const { name, calls, run } of steps) {
        let problem = null
        try {
            await within(run(world))
        } catch (error) {
            problem = String(error && error.message ? error.message : error)
        }
        say({ step: name, calls, error: problem })
    }
}

main().then(
    // The client keeps its sockets open, so the process has to be ended.
    () => process.exit(0),
    (error) => {
        say({ error: String(error && error.message ? error.message : error) })
        process.exit(1)
    }
)
