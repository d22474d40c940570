#include "base/json_list.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace isobatch {

namespace {

constexpr std::size_t deepest = 64;
constexpr const char* untrusted = "write the file again; nothing in it was trusted";

/// Builds the value from the parser's events. The library's own parse with a callback walks all of a list again at the
/// end of each object in it, which takes quadratic time.
class Builder : public nlohmann::json_sax<Json> {
public:
    Builder(const std::string& where, std::string_view list, const std::function<void(const Json&)>& take)
        : where_(where), list_(list), take_(take) {}

    Json take_root() { return std::move(root_); }

    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(number_integer_t value) override { return add(value); }
    bool number_unsigned(number_unsigned_t value) override { return add(value); }
    bool number_float(number_float_t value, const string_t&) override { return add(value); }
    bool string(string_t& value) override { return add(std::move(value)); }
    bool binary(binary_t&) override { return false; }  // is not in a text
    bool start_object(std::size_t) override { return open(Json::object()); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_array() override { return close(); }

    bool key(string_t& name) override {
        const auto [place, fresh] = open_.back()->get_ref<Json::object_t&>().emplace(name, nullptr);
        if (!fresh)
            throw Error(fmt::format("key \"{}\" is given twice", printable(name.substr(0, 200))), where_, untrusted);
        value_ = &place->second;
        if (open_.size() == 1) root_key_ = std::move(name);
        return true;
    }

    bool end_object() override {
        const bool entry = take_ && open_.size() == 3 && open_[1]->is_array() && root_key_ == list_;
        if (entry) take_(*open_.back());
        close();
        if (entry) open_.back()->get_ref<Json::array_t&>().pop_back();
        return true;
    }

    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& problem) override {
        malformed(where_, problem.what());
    }

private:
    /// Puts a value where the next one belongs.
    template <class Value>
    Json* put(Value&& value) {
        if (open_.empty()) return &(root_ = std::forward<Value>(value));
        if (open_.back()->is_object()) return &(*value_ = std::forward<Value>(value));
        return &open_.back()->get_ref<Json::array_t&>().emplace_back(std::forward<Value>(value));
    }

    template <class Value>
    bool add(Value&& value) {
        put(std::forward<Value>(value));
        return true;
    }

    bool open(Json value) {
        if (open_.size() == deepest)
            throw Error(fmt::format("JSON is nested deeper than {} levels", deepest), where_, untrusted);
        open_.push_back(put(std::move(value)));
        return true;
    }

    bool close() {
        open_.pop_back();
        return true;
    }

    const std::string& where_;
    std::string_view list_;
    const std::function<void(const Json&)>& take_;
    Json root_;
    Json* value_ = nullptr;    ///< of the key that was read last
    std::vector<Json*> open_;  ///< what is open; stays in place, since only what is innermost grows
    std::string root_key_;
};

}  // namespace

Json parse_json_list(std::string_view text, const std::string& where, std::string_view list,
                     const std::function<void(const Json&)>& take) {
    return reading(where, [&] {
        Builder builder(where, list, take);
        Json::sax_parse(text, &builder);
        return builder.take_root();
    });
}

}  // namespace isobatch
