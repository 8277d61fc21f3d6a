// Objects of every kind at the SC: what a dry run does, what replaces what, which filters choose
// what, and what is answered when the store refuses (control-plane spec 5.3, 8.5 to 8.9).
#include "core/sc/records.h"
#include "tests/support/sc_world.h"

#include <array>

namespace weir::test {
namespace {

using wire::ErrorTag;
using wire::ScApi;
using wire::Status;

using Names = std::vector<std::string>;

// Refuses every change as long as it is told to.
class RefusingStore final : public sc::MetadataStore {
public:
    RefusingStore(sc::MetadataStore& store, const bool& refuses)
        : store_(store), refuses_(refuses) {}
    bool is_shared() const override { return store_.is_shared(); }
    std::uint64_t revision() const override { return store_.revision(); }
    Task<Result<std::optional<sc::StoreValue>>> get(sc::StoreKey key) override {
        co_return co_await store_.get(std::move(key));
    }
    Task<Result<std::vector<sc::StoreItem>>> list(sc::RecordKind kind) override {
        co_return co_await store_.list(kind);
    }
    Task<Result<std::uint64_t>> commit(std::vector<sc::Mutation> mutations) override {
        if (refuses_) {
            co_return fail(ErrorCode::disk_full, "no space left");
        }
        co_return co_await store_.commit(std::move(mutations));
    }
    Result<std::vector<sc::StoreChange>> changes_since(std::uint64_t revision) const override {
        return store_.changes_since(revision);
    }
    Notifier& changed() override { return store_.changed(); }
    Task<Result<void>> tick() override { co_return co_await store_.tick(); }
    Task<Result<void>> close() override { co_return co_await store_.close(); }

private:
    sc::MetadataStore& store_;
    const bool& refuses_;
};

const std::string kRefused = to_string(Error{ErrorCode::disk_full, "no space left"});

// Such an SPU is made by an orchestrator, and by no request.
Task<Result<void>> add_managed_spu(sc::MetadataStore& store) {
    sc::SpuRecord record;
    record.spec.id = SpuId(9);
    record.spec.spu_type = SpuType::managed;
    std::vector<sc::Mutation> mutations(1);
    mutations[0].key.kind = sc::RecordKind::spu;
    mutations[0].key.name = "managed-9";
    mutations[0].value = sc::encode_record(record);
    WEIR_CO_CHECK(co_await store.commit(std::move(mutations)));
    co_return Result<void>();
}

Task<Result<void>> serve_refusing(Env& env, sc::Config config, const bool* refuses,
                                  CancelToken stop) {
    WEIR_CO_TRY(const std::unique_ptr<sc::MetadataStore> store,
                co_await sc::open_store(env, config));
    WEIR_CO_CHECK(co_await add_managed_spu(*store));
    RefusingStore refusing(*store, *refuses);
    const Result<void> served = co_await sc::run_on(env, refusing, std::move(config), stop);
    WEIR_CO_CHECK(co_await store->close());
    co_return served;
}

const Bytes kPayload = {1};

// g++ 12 destroys the elements of a list in braces twice where it is an argument of a co_await.
template <typename... Name>
Names named(const Name&... name) {
    return Names{std::string(name)...};
}

template <typename Spec>
wire::CreateRequest creation(std::string name, Spec spec, bool dry_run = false) {
    wire::CreateRequest request;
    request.name = std::move(name);
    request.spec = std::move(spec);
    request.dry_run = dry_run;
    return request;
}

wire::DeleteRequest deletion(ObjectKind kind, std::string name) {
    wire::DeleteTarget target;
    target.kind = kind;
    target.key = std::move(name);
    wire::DeleteRequest request;
    request.target = std::move(target);
    return request;
}

wire::UpdateRequest one_more_partition(std::string topic) {
    wire::AddPartition add;
    add.count = 1;
    wire::UpdateTopic update;
    update.name = std::move(topic);
    update.action = std::move(add);
    wire::UpdateRequest request;
    request.target = std::move(update);
    return request;
}

CustomSpuSpec custom_spu(std::int32_t id) {
    CustomSpuSpec spec;
    spec.id = SpuId(id);
    return spec;
}

SmartModuleSpec module_of(std::string name, std::string group, std::string version) {
    SmartModuleMetadata meta;
    meta.package.name = std::move(name);
    meta.package.group = std::move(group);
    meta.package.version = std::move(version);
    SmartModuleSpec spec;
    spec.meta = std::move(meta);
    return spec;
}

SmartModuleSpec module_with(Bytes payload) {
    SmartModuleSpec spec;
    spec.payload = std::move(payload);
    return spec;
}

MirrorSpec home_at(std::string endpoint) {
    HomeMirror home;
    home.id = "house";
    home.remote_id = "me";
    home.public_endpoint = std::move(endpoint);
    MirrorSpec spec;
    spec.type = std::move(home);
    return spec;
}

Task<Result<wire::ObjectList>> listed(ScClient& client, ObjectKind kind, Names filters) {
    wire::ListRequest request;
    request.kind = kind;
    request.name_filters = std::move(filters);
    WEIR_CO_TRY(const std::int32_t id, co_await client.send(ScApi::list, request));
    WEIR_CO_TRY(const BufferSlice body, co_await client.receive_for(id));
    wire::Reader reader(body.span());
    WEIR_CO_TRY(wire::ListResponse response, wire::decode_list_response(reader, client.version));
    co_return std::move(response.objects);
}

Task<Result<Names>> names(ScClient& client, ObjectKind kind, Names filters = {}) {
    WEIR_CO_TRY(const wire::ObjectList objects, co_await listed(client, kind, std::move(filters)));
    Names found;
    std::visit(
        [&found](const auto& list) {
            for (const auto& object : list) {
                found.push_back(object.name);
            }
        },
        objects);
    co_return found;
}

Task<Result<void>> expect_names(ScClient& client, ObjectKind kind, Names filters, Names expected) {
    const std::string asked = filters.empty() ? "all" : filters.front();
    WEIR_CO_TRY(const Names found, co_await names(client, kind, std::move(filters)));
    EXPECT_EQ(found, expected) << asked;
    co_return Result<void>();
}

template <typename Request>
Task<Result<void>> expect_ok(ScClient& client, ScApi api, Request request, std::string name) {
    WEIR_CO_TRY(const Status status, co_await client.call(api, std::move(request)));
    EXPECT_TRUE(status.error.ok()) << name;
    EXPECT_EQ(status.name, name);
    co_return Result<void>();
}

template <typename Request>
Task<Result<void>> expect_refused(ScClient& client, ScApi api, Request request, ErrorTag tag,
                                  std::string message) {
    WEIR_CO_TRY(const Status status, co_await client.call(api, std::move(request)));
    EXPECT_EQ(status.error.tag, tag) << message;
    EXPECT_EQ(status.message, message);
    co_return Result<void>();
}

class ScObjects : public ScTest {
protected:
    ScObjects() {
        stop(*sc_);
        sc_->boot(sim::Main(serve_refusing, config_, &refuses_));
        world_.run_for(Duration::from_ms(200));
    }
    bool refuses_ = false;
};

TEST_F(ScObjects, ADryRunOfACustomSpuStoresNothingAndOfOtherKindsIsNone) {
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_CHECK(
            co_await expect_ok(client, ScApi::create, creation("dry", custom_spu(7), true), ""));
        WEIR_CO_CHECK(co_await expect_names(client, ObjectKind::custom_spu, named(), named()));
        WEIR_CO_CHECK(co_await expect_names(client, ObjectKind::spu, named(), named("managed-9")));
        // What is wrong is told all the same.
        WEIR_CO_CHECK(
            co_await expect_refused(client, ScApi::create, creation("dry", custom_spu(9), true),
                                    ErrorTag::spu_already_exists, "spu 'dry(9)' already defined"));
        WEIR_CO_CHECK(
            co_await expect_ok(client, ScApi::create, creation("g", SpuGroupSpec(), true), "g"));
        WEIR_CO_CHECK(co_await expect_ok(client, ScApi::create,
                                         creation("m", module_with(kPayload), true), "m"));
        WEIR_CO_CHECK(
            co_await expect_ok(client, ScApi::create, creation("t", TableFormatSpec(), true), "t"));
        WEIR_CO_CHECK(
            co_await expect_ok(client, ScApi::create, creation("r", MirrorSpec(), true), "r"));
        WEIR_CO_CHECK(co_await expect_names(client, ObjectKind::spu_group, named(), named("g")));
        WEIR_CO_CHECK(co_await expect_names(client, ObjectKind::smartmodule, named(), named("m")));
        WEIR_CO_CHECK(co_await expect_names(client, ObjectKind::table_format, named(), named("t")));
        WEIR_CO_CHECK(co_await expect_names(client, ObjectKind::mirror, named(), named("r")));
        co_return Result<void>();
    });
}

TEST_F(ScObjects, AManagedSpuIsNotDeleted) {
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        const std::string text = "expected 'Custom' spu, found 'Managed' spu";
        WEIR_CO_CHECK(co_await expect_refused(client, ScApi::remove,
                                              deletion(ObjectKind::custom_spu, "managed-9"),
                                              ErrorTag::spu_error, text));
        wire::DeleteRequest by_id = deletion(ObjectKind::custom_spu, "");
        std::get<wire::DeleteTarget>(by_id.target).key = SpuId(9);
        WEIR_CO_CHECK(
            co_await expect_refused(client, ScApi::remove, by_id, ErrorTag::spu_error, text));
        WEIR_CO_CHECK(co_await expect_names(client, ObjectKind::spu, named(), named("managed-9")));
        co_return Result<void>();
    });
}

TEST_F(ScObjects, AModuleAndAHomeAreReplaced) {
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        for (const Bytes& payload : {Bytes{1, 2, 3}, Bytes{4, 5}}) {
            WEIR_CO_CHECK(co_await expect_ok(client, ScApi::create,
                                             creation("filter", module_with(payload)), "filter"));
            WEIR_CO_TRY(const wire::ObjectList objects,
                        co_await listed(client, ObjectKind::smartmodule, named()));
            const auto& modules = std::get<std::vector<SmartModuleObject>>(objects);
            EXPECT_EQ(modules.size(), 1U);
            EXPECT_EQ(modules.at(0).spec.payload, payload);
        }
        const std::array<std::string, 2> endpoints = {"here:9003", "there:9003"};
        for (const std::string& endpoint : endpoints) {
            WEIR_CO_CHECK(co_await expect_ok(client, ScApi::create,
                                             creation("house", home_at(endpoint)), "house"));
            WEIR_CO_TRY(const wire::ObjectList objects,
                        co_await listed(client, ObjectKind::mirror, named()));
            const auto& mirrors = std::get<std::vector<MirrorObject>>(objects);
            EXPECT_EQ(mirrors.size(), 1U);
            EXPECT_EQ(std::get<HomeMirror>(mirrors.at(0).spec.type).public_endpoint, endpoint);
        }
        co_return Result<void>();
    });
}

TEST_F(ScObjects, FiltersAreAPartOfTheName) {
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        const std::array<std::string, 3> names = {"east-1", "east-2", "west-1"};
        for (const std::string& name : names) {
            const std::int32_t id = name == "east-1" ? 1 : name == "east-2" ? 2 : 3;
            WEIR_CO_CHECK(
                co_await expect_ok(client, ScApi::create, creation(name, custom_spu(id)), name));
            WEIR_CO_CHECK(
                co_await expect_ok(client, ScApi::create, creation(name, SpuGroupSpec()), name));
            WEIR_CO_CHECK(
                co_await expect_ok(client, ScApi::create, creation(name, TableFormatSpec()), name));
            WEIR_CO_CHECK(
                co_await expect_ok(client, ScApi::create, creation(name, MirrorSpec()), name));
        }
        const Names all = {"east-1", "east-2", "west-1"};
        for (const ObjectKind kind : {ObjectKind::spu, ObjectKind::custom_spu,
                                      ObjectKind::spu_group, ObjectKind::table_format}) {
            WEIR_CO_CHECK(
                co_await expect_names(client, kind, named("ast-"), named("east-1", "east-2")));
            WEIR_CO_CHECK(co_await expect_names(client, kind, named("west", "-2"),
                                                named("east-2", "west-1")));
            WEIR_CO_CHECK(co_await expect_names(client, kind, named("north"), named()));
        }
        WEIR_CO_CHECK(co_await expect_names(client, ObjectKind::custom_spu, named(), all));
        WEIR_CO_CHECK(
            co_await expect_names(client, ObjectKind::custom_spu, named("managed"), named()));
        WEIR_CO_CHECK(
            co_await expect_names(client, ObjectKind::spu, named("managed"), named("managed-9")));
        WEIR_CO_CHECK(co_await expect_names(client, ObjectKind::mirror, named("north"), all));
        co_return Result<void>();
    });
    start_spu(1);
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const Status topic, co_await client.create_topic("t", 2));
        EXPECT_TRUE(topic.error.ok());
        WEIR_CO_CHECK(co_await expect_names(client, ObjectKind::partition, named("north"),
                                            named("t-0", "t-1")));
        WEIR_CO_CHECK(co_await expect_names(client, ObjectKind::topic, named("north"), named()));
        co_return Result<void>();
    });
}

TEST_F(ScObjects, AModuleIsChosenByGroupNameAndVersion) {
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        const std::string first = "json-acme-0.1.0";
        const std::string second = "json-acme-0.2.0";
        const std::string other = "json-rival-0.1.0";
        WEIR_CO_CHECK(co_await expect_ok(
            client, ScApi::create, creation("any", module_of("json", "acme", "0.1.0")), first));
        WEIR_CO_CHECK(co_await expect_ok(
            client, ScApi::create, creation("any", module_of("json", "acme", "0.2.0")), second));
        WEIR_CO_CHECK(co_await expect_ok(
            client, ScApi::create, creation("any", module_of("json", "rival", "0.1.0")), other));
        WEIR_CO_CHECK(co_await expect_ok(client, ScApi::create,
                                         creation("plain", module_with(kPayload)), "plain"));
        constexpr ObjectKind kModule = ObjectKind::smartmodule;
        WEIR_CO_CHECK(
            co_await expect_names(client, kModule, named("json"), named(first, second, other)));
        WEIR_CO_CHECK(
            co_await expect_names(client, kModule, named("acme/json"), named(first, second)));
        WEIR_CO_CHECK(
            co_await expect_names(client, kModule, named("json@0.1.0"), named(first, other)));
        WEIR_CO_CHECK(
            co_await expect_names(client, kModule, named("acme/json@0.2.0"), named(second)));
        WEIR_CO_CHECK(co_await expect_names(client, kModule, named("rival/json@0.2.0"), named()));
        // Not a part of the name, and not the key of one that has a package.
        WEIR_CO_CHECK(co_await expect_names(client, kModule, named("jso"), named()));
        WEIR_CO_CHECK(co_await expect_names(client, kModule, named(first), named()));
        WEIR_CO_CHECK(
            co_await expect_names(client, kModule, named("x/plain@9.9.9"), named("plain")));
        WEIR_CO_CHECK(co_await expect_ok(client, ScApi::remove,
                                         deletion(kModule, "acme/json@0.2.0"), "acme/json@0.2.0"));
        WEIR_CO_CHECK(co_await expect_names(client, kModule, named("json"), named(first, other)));
        co_return Result<void>();
    });
}

TEST_F(ScObjects, AStoreThatRefusesIsToldByTheCodeOfTheKind) {
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_CHECK(
            co_await expect_ok(client, ScApi::create, creation("spu-1", custom_spu(1)), "spu-1"));
        co_return Result<void>();
    });
    start_spu(1);
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const Status topic, co_await client.create_topic("x", 1));
        EXPECT_TRUE(topic.error.ok());
        WEIR_CO_CHECK(
            co_await expect_ok(client, ScApi::create, creation("x", SpuGroupSpec()), "x"));
        WEIR_CO_CHECK(
            co_await expect_ok(client, ScApi::create, creation("x", TableFormatSpec()), "x"));
        WEIR_CO_CHECK(co_await expect_ok(client, ScApi::create, creation("x", MirrorSpec()), "x"));
        // The fake SPU confirms modules.
        WEIR_CO_CHECK(
            co_await expect_ok(client, ScApi::create, creation("x", module_with(kPayload)), "x"));
        co_return Result<void>();
    });
    refuses_ = true;
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        TopicSpec topic;
        topic.replicas = ComputedReplicas{1, 1};
        constexpr ErrorTag kSpu = ErrorTag::spu_error;
        constexpr ErrorTag kModule = ErrorTag::smartmodule_error;
        constexpr ErrorTag kTable = ErrorTag::table_format_error;
        WEIR_CO_CHECK(co_await expect_refused(client, ScApi::create, creation("y", topic),
                                              ErrorTag::topic_not_provisioned,
                                              "error: " + kRefused));
        WEIR_CO_CHECK(co_await expect_refused(client, ScApi::create, creation("y", custom_spu(2)),
                                              kSpu, kRefused));
        WEIR_CO_CHECK(co_await expect_refused(client, ScApi::create, creation("y", SpuGroupSpec()),
                                              kSpu, kRefused));
        WEIR_CO_CHECK(co_await expect_refused(
            client, ScApi::create, creation("y", module_with(kPayload)), kModule, kRefused));
        WEIR_CO_CHECK(co_await expect_refused(client, ScApi::create,
                                              creation("y", TableFormatSpec()), kTable, kRefused));
        WEIR_CO_CHECK(co_await expect_refused(client, ScApi::create, creation("y", MirrorSpec()),
                                              ErrorTag::other, kRefused));
        // Fluvio closes the connection, and says nothing.
        WEIR_CO_CHECK(co_await expect_refused(client, ScApi::update, one_more_partition("x"),
                                              ErrorTag::topic_error, kRefused));
        WEIR_CO_CHECK(co_await expect_names(client, ObjectKind::partition, named(), named("x-0")));
        for (const auto& [kind, tag] :
             {std::pair(ObjectKind::topic, ErrorTag::topic_error),
              std::pair(ObjectKind::spu_group, kSpu), std::pair(ObjectKind::smartmodule, kModule),
              std::pair(ObjectKind::table_format, kTable),
              std::pair(ObjectKind::mirror, ErrorTag::other)}) {
            WEIR_CO_CHECK(
                co_await expect_refused(client, ScApi::remove, deletion(kind, "x"), tag, kRefused));
            WEIR_CO_CHECK(co_await expect_names(client, kind, named(), named("x")));
        }
        WEIR_CO_CHECK(co_await expect_refused(
            client, ScApi::remove, deletion(ObjectKind::custom_spu, "spu-1"), kSpu, kRefused));
        WEIR_CO_CHECK(
            co_await expect_names(client, ObjectKind::custom_spu, named(), named("spu-1")));
        co_return Result<void>();
    });
    refuses_ = false;
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        for (const ObjectKind kind : {ObjectKind::topic, ObjectKind::spu_group,
                                      ObjectKind::smartmodule, ObjectKind::mirror}) {
            WEIR_CO_CHECK(co_await expect_ok(client, ScApi::remove, deletion(kind, "x"), "x"));
            WEIR_CO_CHECK(co_await expect_names(client, kind, named(), named()));
        }
        co_return Result<void>();
    });
}

}  // namespace
}  // namespace weir::test
