#include "apps/weir/commands/groups.h"
#include "apps/weir/consume.h"
#include "apps/weir/produce.h"

namespace weir::cli {
namespace {

void add_consume(CommandBuilder& builder) {
    CLI::App& app =
        builder.command(builder.root(), "consume", "Read records of a topic",
                        "weir consume greetings -B -d -k\n"
                        "  weir consume greetings -d --from-time -10m\n"
                        "  weir consume greetings -T 10 -F '{{offset}} {{key}} {{value}}'");
    const auto options = builder.on_select<ConsumeOptions>(app, consume);
    app.add_option("topic", options->topic, "topic name")->required();
    app.add_option("-p,--partition", options->partitions, "partition, repeatable (all)")
        ->type_name("N")
        ->expected(1)
        ->take_all();
    app.add_flag("-A,--all-partitions", options->all_partitions, "all partitions");
    app.add_flag("-d,--disable-continuous", options->disable_continuous,
                 "stop at the end instead of waiting for more");
    app.add_flag("--disable-progressbar", options->disable_progressbar, "no progress line");
    app.add_flag("-k,--key-value", options->key_value, "print records as [key] value");
    app.add_option("-F,--format", options->format,
                   "template of {{key}}, {{value}}, {{offset}}, {{partition}}, {{time}}");
    CLI::Option* beginning =
        app.add_flag("-B,--beginning", options->beginning, "from the beginning");
    CLI::Option* head =
        app.add_option("-H,--head", options->head, "from N records after the beginning");
    CLI::Option* tail = app.add_option("-T,--tail", options->tail, "from N records before the end");
    CLI::Option* start = app.add_option("--start", options->start, "from this offset");
    app.add_option("--from-time", options->from_time,
                   "from the first batch with a record that is not older: 2026-01-31T12:00:00Z, or "
                   "-10m")
        ->excludes(beginning)
        ->excludes(head)
        ->excludes(tail)
        ->excludes(start);
    for (CLI::Option* option : {beginning, head, tail}) {
        option->excludes(start);
    }
    beginning->excludes(head)->excludes(tail);
    head->excludes(tail);
    app.add_option("--end", options->end, "to this offset, included");
    app.add_option("-b,--maxbytes", options->max_bytes, "bytes of one answer");
    app.add_option("--isolation", options->isolation, "ReadCommitted or ReadUncommitted");
    app.add_flag("--suppress-unknown", options->suppress_unknown,
                 "leave out records that do not fit the output");
    app.add_option("-O,--output", options->output, "dynamic, text, binary, json or raw");
    app.add_option("-c,--consumer", options->consumer,
                   "consumer id: go on where it stopped, and store its offset");
    for (const char* flag : {"--smartmodule", "--smartmodule-path", "--transforms-line",
                             "-t,--transforms", "--table-format", "-m,--mirror"}) {
        CommandBuilder::refuse(app, flag,
                               "SmartModules, table formats and mirrors are not supported yet");
    }
}

void add_produce(CommandBuilder& builder) {
    CLI::App& app = builder.command(builder.root(), "produce", "Write records to a topic",
                                    "echo en:hello | weir produce greetings --key-separator :\n"
                                    "  weir produce greetings -f lines.txt --compression zstd");
    const auto options = builder.on_select<ProduceOptions>(app, produce);
    app.add_option("topic", options->topic, "topic name")->required();
    app.add_flag("-v,--verbose", options->verbose, "print where each record went");
    CLI::Option* key = app.add_option("--key", options->key, "key of every record");
    CLI::Option* separator = app.add_option("--key-separator", options->key_separator,
                                            "splits each line into key and value");
    CLI::Option* raw = app.add_flag("--raw", options->raw, "all input is one record");
    separator->excludes(raw)->excludes(key);
    app.add_option("-f,--file", options->file, "read this file instead of standard input");
    app.add_option("--compression", options->compression, "none, gzip, snappy, lz4 or zstd");
    app.add_option("--linger", options->linger, "wait so long for more records: 5ms");
    app.add_option("--batch-size", options->batch_size, "largest batch (16 KiB)");
    app.add_option("--max-request-size", options->max_request_size, "largest record (1 MiB)");
    app.add_option("--isolation", options->isolation,
                   "acknowledge when committed (ReadCommitted) or written (ReadUncommitted)");
    app.add_option("--delivery-semantic", options->delivery, "at-least-once or at-most-once");
    app.add_option("-p,--partition", options->partition, "write to this partition");
    for (const char* flag :
         {"--smartmodule", "--smartmodule-path", "--aggregate-initial", "-e,--params",
          "-t,--transforms", "--transforms-line", "-m,--mirror"}) {
        CommandBuilder::refuse(app, flag, "SmartModules and mirrors are not supported yet");
    }
}

}  // namespace

void add_records(CommandBuilder& builder) {
    add_consume(builder);
    add_produce(builder);
}

}  // namespace weir::cli
