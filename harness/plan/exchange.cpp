#include "plan/exchange.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace isobatch {

namespace {

std::int64_t parse_bytes(std::string_view text) {
    const auto bytes = whole_number(text);
    if (!bytes || *bytes < 1)
        throw Error(fmt::format("bucket size \"{}\"", printable(text)), "--engine",
                    "give a number of bytes, such as gloo:bucket=1048576");
    return *bytes;
}

void set_option(Exchange& exchange, std::string_view option) {
    if (option == "flat")
        exchange.flat = true;
    else if (option.starts_with("bucket="))
        exchange.bucket_bytes = parse_bytes(option.substr(7));
    else if (option == "unused")
        exchange.find_unused = true;
    else if (option == "static")
        exchange.static_graph = true;
    else if (option == "view")
        exchange.bucket_view = true;
    else
        throw Error(fmt::format("no option \"{}\" of the gloo engine", printable(option)), "--engine",
                    "choose from flat, bucket=BYTES, unused, static, view");
}

}  // namespace

std::string to_string(const Exchange& exchange) {
    if (exchange.backend == Exchange::Backend::serial) return "serial";
    std::string text = "gloo";
    if (exchange.flat) text += ":flat";
    if (exchange.bucket_bytes > 0) text += fmt::format(":bucket={}", exchange.bucket_bytes);
    if (exchange.find_unused) text += ":unused";
    if (exchange.static_graph) text += ":static";
    if (exchange.bucket_view) text += ":view";
    return text;
}

Exchange parse_exchange(std::string_view text) {
    const std::vector<std::string> words = pieces(text, ':');
    Exchange exchange;
    if (text == "serial") return exchange;
    if (!words.empty() && words[0] == "nccl")
        throw Error("the nccl engine needs CUDA and a GPU for each rank, and this build has none", "--engine",
                    "choose gloo, whose ranks are processes too, or serial");
    if (words.empty() || words[0] != "gloo")
        throw Error(fmt::format("no engine \"{}\" here", printable(text)), "--engine",
                    "choose serial, or gloo with its options: gloo:flat, gloo:bucket=BYTES:unused:static:view");
    exchange.backend = Exchange::Backend::gloo;
    for (std::size_t i = 1; i < words.size(); ++i) set_option(exchange, words[i]);
    if (exchange.flat && exchange != Exchange{Exchange::Backend::gloo, true})
        throw Error("a flat all-reduce has no buckets", "--engine", "leave out flat, or the options of the buckets");
    return exchange;
}

}  // namespace isobatch
