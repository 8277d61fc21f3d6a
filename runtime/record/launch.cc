#include "runtime/record/launch.h"

namespace weir::record {

Fields encode_launch(const Launch& launch) {
    Fields fields(Kind::launch);
    fields.text(launch.program);
    fields.number(launch.arguments.size());
    for (const std::string& argument : launch.arguments) {
        fields.text(argument);
    }
    for (const auto& [name, value] : launch.environment) {
        fields.text(name).text(value);
    }
    return fields;
}

Launch decode_launch(ByteSpan fields) {
    FieldReader reader(fields);
    Launch launch;
    launch.program = reader.text();
    for (std::uint64_t left = reader.number(); left > 0 && !reader.at_end(); --left) {
        launch.arguments.push_back(reader.text());
    }
    while (!reader.at_end()) {
        std::string name = reader.text();
        std::string value = reader.text();
        launch.environment.emplace_back(std::move(name), std::move(value));
    }
    return launch;
}

}  // namespace weir::record
