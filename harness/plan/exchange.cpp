#include "plan/exchange.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace isobatch {

namespace {

constexpr Exchange::Backend backends[] = {Exchange::Backend::serial, Exchange::Backend::gloo, Exchange::Backend::nccl};

const char* name_of(Exchange::Backend backend) {
    switch (backend) {
        case Exchange::Backend::gloo:
            return "gloo";
        case Exchange::Backend::nccl:
            return "nccl";
        case Exchange::Backend::serial:
            break;
    }
    return "serial";
}

std::int64_t parse_bytes(std::string_view text) {
    const auto bytes = whole_number(text);
    if (!bytes || *bytes < 1)
        throw Error(fmt::format("bucket size \"{}\"", printable(text)), "--engine",
                    "give a number of bytes, such as gloo:bucket=1048576");
    return *bytes;
}

int parse_inner(std::string_view text) {
    const auto devices = whole_number(text);
    if (!devices || *devices < 1 || *devices > 1 << 20)
        throw Error(fmt::format("inner group \"{}\"", printable(text)), "--engine",
                    "give a number of devices, such as gloo:flat:inner=2");
    return static_cast<int>(*devices);
}

void set_option(Exchange& exchange, std::string_view option) {
    if (option.starts_with("inner="))
        exchange.inner = parse_inner(option.substr(6));
    else if (exchange.backend == Exchange::Backend::serial)
        throw Error(fmt::format("no option \"{}\" of the serial engine", printable(option)), "--engine",
                    "choose inner=DEVICES, or leave it out");
    else if (option == "flat")
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
        throw Error(fmt::format("no option \"{}\" of the {} engine", printable(option), name_of(exchange.backend)),
                    "--engine", "choose from flat, inner=DEVICES, bucket=BYTES, unused, static, view");
}

}  // namespace

std::string to_string(const Exchange& exchange) {
    std::string text = name_of(exchange.backend);
    if (exchange.flat) text += ":flat";
    if (exchange.inner > 1) text += fmt::format(":inner={}", exchange.inner);
    if (exchange.bucket_bytes > 0) text += fmt::format(":bucket={}", exchange.bucket_bytes);
    if (exchange.find_unused) text += ":unused";
    if (exchange.static_graph) text += ":static";
    if (exchange.bucket_view) text += ":view";
    return text;
}

Exchange parse_exchange(std::string_view text) {
    const std::vector<std::string> words = pieces(text, ':');
    Exchange exchange;
    const auto backend = std::find_if(std::begin(backends), std::end(backends), [&](Exchange::Backend one) {
        return !words.empty() && words[0] == name_of(one);
    });
    if (backend == std::end(backends))
        throw Error(fmt::format("no engine \"{}\" here", printable(text)), "--engine",
                    "choose serial, or gloo or nccl with their options: gloo:flat:inner=DEVICES, "
                    "gloo:bucket=BYTES:unused:static:view");
    exchange.backend = *backend;
    for (std::size_t i = 1; i < words.size(); ++i) set_option(exchange, words[i]);
    if (exchange.inner > 1 && exchange.in_buckets())
        throw Error("DDP's reducer exchanges among all devices at once", "--engine",
                    "choose gloo:flat:inner=DEVICES for groups inside the group");
    const bool buckets =
        exchange.bucket_bytes > 0 || exchange.find_unused || exchange.static_graph || exchange.bucket_view;
    if (exchange.flat && buckets)
        throw Error("a flat all-reduce has no buckets", "--engine", "leave out flat, or the options of the buckets");
    return exchange;
}

void require_device(const Exchange& exchange, std::string_view device) {
    if (exchange.backend != Exchange::Backend::nccl || device == "cuda") return;
    throw Error(fmt::format("the nccl engine moves gradients between GPUs, one a rank, and the device is {}",
                            printable(device)),
                "--device", "add --device cuda for the nccl engine, or choose --engine gloo or serial");
}

}  // namespace isobatch
