// Configurations of networks as JSON: each lists its fields once, in a function that calls visit("name", field) for each.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>

namespace laconic::models {

// for_each_field: called with such a visitor.
template <typename ForEachField>
std::string fields_to_json(ForEachField&& for_each_field) {
  nlohmann::json json;
  for_each_field([&](const char* name, const auto& field) { json[name] = field; });
  return json.dump();
}

// Empty, or one sentence of what is wrong. Fields that older files lack keep their values.
template <typename ForEachField>
std::string fields_from_json(const std::string& text, ForEachField&& for_each_field) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return "the network's configuration is not a JSON object";
  std::string wrong;
  for_each_field([&](const char* name, auto& field) {
    if (!json.contains(name)) return;
    using Field = std::decay_t<decltype(field)>;
    const bool fits = std::is_same_v<Field, bool> ? json[name].is_boolean() : json[name].is_number();
    if (fits) field = json[name].template get<Field>();
    else wrong = std::string("the network's configuration has a bad value for ") + name;
  });
  return wrong;
}

}  // namespace laconic::models
