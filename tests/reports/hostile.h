#pragma once

#include <string>
#include <vector>

#include "tests/reports/small_result.h"

namespace isobatch {

/// What a data set, a trainer or an attacker might call a sample, a tensor or an error.
inline std::vector<std::string> hostile_texts() {
    using namespace std::string_literals;
    std::vector<std::string> texts{
        // tags, attributes, comments, sections
        "<script>alert(1)</script>", "</script><script>x()</script>", "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>", "</title>", "</style><b>", "</code></p></main></body></html>",
        "</td></tr></tbody></table>", "<", ">", "<<", "a<b>c", "< b", "<!doctype html>", "<!-- comment -->", "-->",
        "<!--", "]]>", "<![CDATA[x]]>", "<?xml version=\"1.0\"?>", "<?php echo 1 ?>", "</testsuite>",
        "</failure></testcase>", "<a href=\"javascript:alert(1)\">", "<!ENTITY x SYSTEM \"file:///etc/passwd\">",
        "\"onmouseover=\"alert(1)", "\" onmouseover=alert(1) x=\"", "' onmouseover='alert(1)", "\"", "'", "`", "\"><b>",
        "'><b>", "/>", "=",
        // entities
        "&", "&&", "&#x0;", "&#0;", "&#x1b;", "&lt;script&gt;", "&amp;lt;", "&quot;onmouseover=", "&nosuch;", "&#",
        "&#xD800;", "&;",
        // terminals
        "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b[2J\x1b[H", "\x1b]8;;http://x\x1b\\link", "a\rb", "a\bb", "\x07",
        "\x7f", "\t", "a\nb", "\n", "\r\n", "\v\f",
        "\xc2\x9b"
        "31m",
        "\xc2\x85",
        // reading direction, invisible and odd characters
        "\xe2\x80\xae"
        "desrever",
        "\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac", "\xe2\x81\xa6x\xe2\x81\xa9", "\xe2\x80\x8f\xe2\x80\x8e", "\xd8\x9c",
        "\xe2\x80\xa8\xe2\x80\xa9", "\xef\xbb\xbf", "\xef\xbf\xbe", "\xef\xbf\xbf", "\xef\xbf\xbd", "\xf0\x9f\x98\x80",
        "\xf0\x9f\xbf\xbe", "e\xcc\x81\xcc\x81",
        // no UTF-8
        "\xff", "\xfe\xff", "\xc2", "\xe2\x80", "\xf0\x9f\x98", "\xc0\x80", "\xe0\x80\xaf", "\xed\xa0\x80",
        "\xf4\x90\x80\x80", "\x80\xbf", "\xc3<script>", "\xe2\x80\"x", "\xf0\x9f&", "abcdefg\xf0\x9f\x98\x80",
        "abcdefg\xe2\x82\xac", "abcdefghijklmnopqrstuvw\xe2\x82\xac",  // where ids are cut short
        // formats, paths, commands
        "{}", "{0} {1} {2:x}", "%s%n%x", "../../../etc/passwd", "/dev/null", "a b  c", " ", "$(reboot)", "; rm -rf /",
        "\\", "\\x1b", "nan", "null"};
    texts.push_back("\0"s);
    texts.push_back("a\0<b>"s);
    texts.push_back(std::string(1 << 10, '<') + "\xff");
    return texts;
}

/// A result with the text in every field that a trace, a child or a command line can set.
inline Result hostile_result(const std::string& text) {
    Result result = small_result();
    result.findings.push_back(odd_finding());
    result.command = result.summary = text;
    for (std::string& note : result.notes) note = text;
    for (ClaimStatus& status : result.claims) status.subject = text;
    for (Record& record : result.records) {
        record.trial.subject = record.trial.engine = record.trial.device = record.trial.fault = text;
        record.repro = record.trace = text;
        for (CheckResult& check : record.verdict.checks) {
            check.message = text;
            for (ParameterMargin& one : check.parameters) one.parameter = text;
            for (std::optional<Place>* place : {&check.first, &check.worst})
                if (*place) (*place)->tensor = text;
        }
        for (WindowEvidence& window : record.evidence.windows) {
            window.refused = text;
            for (std::string& sample : window.samples) sample = text;
        }
    }
    result.clauses = {{Claim::tail, text, true, Stance::broken, text},
                      {Claim::weighting, text, false, Stance::kept, text},
                      {Claim::schedule, text, true, Stance::unseen, text}};
    for (Record& record : result.records) record.clauses = result.clauses;
    for (Waste& waste : result.waste) waste.summary = waste.remedy = waste.repro = text;
    for (Finding& finding : result.findings) {
        finding.summary = finding.trial = finding.first.tensor = finding.separated_by = finding.remedy =
            finding.precedent = finding.repro = text;
        for (WeightLine& line : finding.weights) line.sample = text;
        for (Rival& rival : finding.rivals) rival.ruled_out_by = text;
    }
    return result;
}

/// A text from outside in a few fields: a message, a note and a sample's name. For a megabyte.
inline Result long_result(const std::string& text = std::string(1 << 20, '<') + "\xff") {
    Result result = small_result();
    result.notes[0] = result.records[1].verdict.checks[3].message = result.findings[0].weights[0].sample = text;
    return result;
}

/// A text as long as a hostile one with nothing in it.
inline Result harmless_result() {
    return hostile_result("harmless");
}

/// For a message: the start of the text, readable.
inline std::string shown(const std::string& text) {
    return Json(text.substr(0, 60)).dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace isobatch
