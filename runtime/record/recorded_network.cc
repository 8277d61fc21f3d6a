#include "runtime/record/recorded_network.h"

#include "runtime/record/pass.h"
#include "runtime/record/recorded_disk.h"

namespace weir::record {

namespace {

// The peer's name is all that is left of a connection in a replay.
class ConnectionCodec {
public:
    explicit ConnectionCodec(std::string& peer) : peer_(&peer) {}
    void write(Fields& fields, const std::unique_ptr<Connection>& connection) const {
        *peer_ = connection->peer();
        fields.text(*peer_);
    }
    std::unique_ptr<Connection> read(FieldReader& reader) const {
        *peer_ = reader.text();
        return nullptr;
    }

private:
    std::string* peer_;
};

class ListenerCodec {
public:
    explicit ListenerCodec(HostPort& local) : local_(&local) {}
    void write(Fields& fields, const std::unique_ptr<Listener>& listener) const {
        *local_ = listener->local_address();
        fields.text(local_->host).number(local_->port);
    }
    std::unique_ptr<Listener> read(FieldReader& reader) const {
        local_->host = reader.text();
        local_->port = static_cast<std::uint16_t>(reader.number());
        return nullptr;
    }

private:
    HostPort* local_;
};

class RecordedConnection final : public Connection {
public:
    RecordedConnection(Transcript& transcript, std::uint64_t number, std::string peer,
                       std::unique_ptr<Connection> real)
        : transcript_(transcript),
          number_(number),
          peer_(std::move(peer)),
          real_(std::move(real)) {}
    ~RecordedConnection() override { transcript_.call(Fields(Kind::close).number(number_)); }

    WEIR_CORO_WRAPPER Task<Result<std::size_t>> read_some(MutByteSpan into,
                                                          CancelToken token) override {
        Fields call(Kind::receive);
        call.number(number_).number(into.size());
        return pass(transcript_, std::move(call),
                    real_ ? real_->read_some(into, token) : Task<Result<std::size_t>>(),
                    ReadCodec(into));
    }
    WEIR_CORO_WRAPPER Task<Result<void>> write(std::span<const ByteSpan> slices,
                                               CancelToken token) override {
        Fields call(Kind::send);
        call.number(number_).digest(slices);
        return pass(transcript_, std::move(call),
                    real_ ? real_->write(slices, token) : Task<Result<void>>(), NoCodec());
    }
    WEIR_CORO_WRAPPER Task<Result<void>> send_file(File& file, FilePosition position,
                                                   std::uint64_t size_bytes,
                                                   CancelToken token) override {
        auto& recorded = static_cast<RecordedFile&>(file);
        Fields call(Kind::send_file);
        call.number(number_).number(recorded.number()).number(position.value()).number(size_bytes);
        return pass(transcript_, std::move(call),
                    real_ ? real_->send_file(*recorded.real(), position, size_bytes, token)
                          : Task<Result<void>>(),
                    NoCodec());
    }
    void shutdown_send() override {
        transcript_.call(Fields(Kind::shutdown_send).number(number_));
        if (real_ != nullptr) {
            real_->shutdown_send();
        }
    }
    void reset() override {
        transcript_.call(Fields(Kind::reset).number(number_));
        if (real_ != nullptr) {
            real_->reset();
        }
    }
    std::string peer() const override { return peer_; }

private:
    Transcript& transcript_;
    const std::uint64_t number_;
    const std::string peer_;
    const std::unique_ptr<Connection> real_;
};

class RecordedListener final : public Listener {
public:
    RecordedListener(Transcript& transcript, RecordedNetwork& network, std::uint64_t number,
                     HostPort local, std::unique_ptr<Listener> real)
        : transcript_(transcript),
          network_(network),
          number_(number),
          local_(std::move(local)),
          real_(std::move(real)) {}
    ~RecordedListener() override { transcript_.call(Fields(Kind::listener_close).number(number_)); }

    Task<Result<std::unique_ptr<Connection>>> accept(CancelToken token) override {
        Fields call(Kind::accept);
        call.number(number_);
        Task<Result<std::unique_ptr<Connection>>> real;
        if (real_ != nullptr) {
            real = real_->accept(token);
        }
        std::string peer;
        const ConnectionCodec codec(peer);
        WEIR_CO_TRY(std::unique_ptr<Connection> connection,
                    co_await pass(transcript_, std::move(call), std::move(real), codec));
        co_return std::make_unique<RecordedConnection>(transcript_, network_.next_connection(),
                                                       std::move(peer), std::move(connection));
    }
    HostPort local_address() const override { return local_; }

private:
    Transcript& transcript_;
    RecordedNetwork& network_;
    const std::uint64_t number_;
    const HostPort local_;
    const std::unique_ptr<Listener> real_;
};

}  // namespace

Result<std::unique_ptr<Listener>> RecordedNetwork::listen(const HostPort& address) {
    transcript_.call(Fields(Kind::listen).text(address.host).number(address.port));
    HostPort local;
    const ListenerCodec codec(local);
    Result<std::unique_ptr<Listener>> result = fail(ErrorCode::unavailable, "the replay is over");
    if (real_ != nullptr) {
        result = real_->listen(address);
    }
    const Fields made = encode_answer(result, codec);
    const ByteSpan kept = transcript_.answer(made);
    if (real_ == nullptr) {
        result = decode_answer<std::unique_ptr<Listener>>(kept, codec);
    }
    WEIR_TRY(std::unique_ptr<Listener> real, std::move(result));
    return std::make_unique<RecordedListener>(transcript_, *this, ++listener_count_,
                                              std::move(local), std::move(real));
}

Task<Result<std::unique_ptr<Connection>>> RecordedNetwork::connect(HostPort address,
                                                                   CancelToken token) {
    Fields call(Kind::connect);
    call.text(address.host).number(address.port);
    Task<Result<std::unique_ptr<Connection>>> real;
    if (real_ != nullptr) {
        real = real_->connect(std::move(address), token);
    }
    std::string peer;
    const ConnectionCodec codec(peer);
    WEIR_CO_TRY(std::unique_ptr<Connection> connection,
                co_await pass(transcript_, std::move(call), std::move(real), codec));
    co_return std::make_unique<RecordedConnection>(transcript_, next_connection(), std::move(peer),
                                                   std::move(connection));
}

}  // namespace weir::record
