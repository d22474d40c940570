#pragma once

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"

namespace isobatch {

struct Element {
    std::string name;
    std::map<std::string, std::string> attributes;
    std::string text;  ///< of the element itself, without that of its children
    int depth = 0;
};

/// What a strict reader sees in a page or an XML document.
struct Markup {
    std::vector<Element> elements;  ///< in the order of their start tags
    std::string text;               ///< all character data, decoded

    std::vector<Element> named(const std::string& name) const {
        std::vector<Element> found;
        for (const Element& element : elements)
            if (element.name == name) found.push_back(element);
        return found;
    }
    /// Depth and name of every element and its attributes' names: what no text from outside may change.
    std::string skeleton() const {
        std::string all;
        for (const Element& element : elements) {
            all += fmt::format("{:{}}{}", "", element.depth, element.name);
            for (const auto& [name, value] : element.attributes) all += " " + name;
            all += "\n";
        }
        return all;
    }
};

/// Reads the subset of HTML and XML that the reports use and throws std::runtime_error on all else: a tag that is not
/// closed, an attribute without quotes, a loose < > & or ", an unknown entity, a comment, a control character, a byte
/// that is no UTF-8.
class MarkupReader {
public:
    explicit MarkupReader(std::string_view text) : text_(text) {}

    Markup html() {
        expect("<!doctype html>\n");
        content({"meta"});
        return markup_;
    }
    Markup xml() {
        expect("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        content({});
        return markup_;
    }

private:
    void content(const std::set<std::string>& empty) {
        characters_are_plain();
        while (at_ < text_.size()) {
            if (raw())
                raw_text();
            else if (text_[at_] != '<')
                character();
            else if (text_.substr(at_, 2) == "</")
                end_tag();
            else
                start_tag(empty);
        }
        if (!open_.empty()) fail("an element is not closed");
        if (markup_.elements.empty()) fail("there is no element");
    }

    void characters_are_plain() {
        try {
            Json(std::string(text_)).dump();
        } catch (const Json::exception& problem) {
            fail(problem.what());
        }
        for (const char c : text_)
            if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
                fail("a control character");
        for (const char* turn : {"\xe2\x80\xae", "\xe2\x80\xaa", "\xe2\x81\xa6", "\xe2\x80\x8f", "\xc2\x9b",
                                 "\xef\xbf\xbe", "\xef\xbf\xbf"})
            if (text_.find(turn) != std::string_view::npos) fail("a forbidden character");
    }

    void start_tag(const std::set<std::string>& empty) {
        expect("<");
        Element element;
        element.name = name();
        element.depth = static_cast<int>(open_.size());
        if (open_.empty() && !markup_.elements.empty()) fail("a second root");
        while (text_.substr(at_, 1) == " ") {
            expect(" ");
            const std::string attribute = name();
            expect("=\"");
            std::string value;
            while (text_.substr(at_, 1) != "\"") value += decoded();
            expect("\"");
            if (!element.attributes.emplace(attribute, value).second) fail("an attribute is given twice");
        }
        markup_.elements.push_back(element);
        if (text_.substr(at_, 2) == "/>") return expect("/>");
        expect(">");
        if (!empty.contains(element.name)) open_.push_back(markup_.elements.size() - 1);
    }

    void end_tag() {
        expect("</");
        if (open_.empty() || name() != markup_.elements[open_.back()].name) fail("the wrong element is closed");
        expect(">");
        open_.pop_back();
    }

    void character() {
        const std::string text = decoded();
        markup_.text += text;
        if (!open_.empty())
            markup_.elements[open_.back()].text += text;
        else if (text != "\n")
            fail("text outside the root");
    }

    std::string decoded() {
        static const std::map<std::string_view, std::string> entities{
            {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}};
        if (at_ >= text_.size()) fail("it ends too early");
        if (text_[at_] != '&') {
            if (text_[at_] == '<' || text_[at_] == '>') fail("a loose bracket");
            if (text_[at_] == '"') fail("a loose quotation mark");
            return std::string(1, text_[at_++]);
        }
        for (const auto& [entity, text] : entities)
            if (text_.substr(at_, entity.size()) == entity) {
                at_ += entity.size();
                return text;
            }
        fail("an unknown entity");
    }

    /// In a style or a script nothing but its own end tag is markup.
    bool raw() const {
        if (open_.empty()) return false;
        const std::string& name = markup_.elements[open_.back()].name;
        return (name == "style" || name == "script") && text_.substr(at_, name.size() + 3) != "</" + name + ">";
    }
    void raw_text() {
        while (at_ < text_.size() && raw()) markup_.elements[open_.back()].text += text_[at_++];
    }

    std::string name() {
        const std::size_t begin = at_;
        while (at_ < text_.size() &&
               ((text_[at_] >= 'a' && text_[at_] <= 'z') || (text_[at_] >= '0' && text_[at_] <= '9' && at_ > begin) ||
                ((text_[at_] == '-' || text_[at_] == 'B') && at_ > begin)))  // viewBox has the one capital
            ++at_;
        if (at_ == begin) fail("a name is missing");
        return std::string(text_.substr(begin, at_ - begin));
    }

    void expect(std::string_view part) {
        if (text_.substr(at_, part.size()) != part) fail(fmt::format("expected {}", part));
        at_ += part.size();
    }

    [[noreturn]] void fail(const std::string& problem) const {
        throw std::runtime_error(
            fmt::format("byte {}: {}; near \"{}\"", at_, problem, text_.substr(at_ < 60 ? 0 : at_ - 60, 120)));
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<std::size_t> open_;
    Markup markup_;
};

}  // namespace isobatch
