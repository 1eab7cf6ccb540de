#include "server/domain/jmespath/parser.h"

#include <algorithm>
#include <set>

#include "server/domain/jmespath/fault.h"
#include "server/domain/jmespath/functions.h"
#include "server/domain/jmespath/lexer.h"
#include "server/domain/nearest.h"

namespace carillon::jmespath {
namespace {

using NodePtr = std::shared_ptr<const Node>;

// How strongly a token holds what stands before it; 0: it ends the expression.
enum Power : int {
  nothing = 0,
  pipe_power = 1,
  either_power = 2,
  both_power = 3,
  comparison_power = 5,
  flatten_power = 9,
  projection_stop = 10,  // weaker tokens end a projection
  star_power = 20,
  filter_power = 21,
  dot_power = 40,
  negation_power = 45,
  bracket_power = 55,
};

int power_of(TokenKind kind) {
  switch (kind) {
    case TokenKind::pipe:
      return pipe_power;
    case TokenKind::either:
      return either_power;
    case TokenKind::both:
      return both_power;
    case TokenKind::equal:
    case TokenKind::unequal:
    case TokenKind::less:
    case TokenKind::at_most:
    case TokenKind::more:
    case TokenKind::at_least:
      return comparison_power;
    case TokenKind::flatten:
      return flatten_power;
    case TokenKind::star:
      return star_power;
    case TokenKind::filter:
      return filter_power;
    case TokenKind::dot:
      return dot_power;
    case TokenKind::left_bracket:
      return bracket_power;
    default:
      return nothing;
  }
}

// Every method that gives a NodePtr gives null once something is wrong; `fault_` then says what.
class Parser {
 public:
  Parser(std::vector<Token> tokens, const Limits& limits) : tokens_(std::move(tokens)), limits_(limits) {}

  Result<NodePtr> run() {
    NodePtr root = expression(nothing);
    if (root != nullptr && kind() != TokenKind::end) fail("this does not continue the expression");
    if (fault_) return *fault_;
    return root;
  }

 private:
  const Token& token() const { return tokens_[at_]; }
  TokenKind kind(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)].kind; }
  void advance() { at_ = std::min(at_ + 1, tokens_.size() - 1); }

  NodePtr fail(std::string message, Fault fault = Fault::syntax) {
    return fail_at(token().position, std::move(message), fault);
  }
  NodePtr fail_at(std::size_t position, std::string message, Fault fault = Fault::syntax) {
    if (!fault_) {
      const bool ended = fault == Fault::syntax && kind() == TokenKind::end;
      fault_ = fault_error(fault, position, ended ? "the expression ends too early" : std::move(message));
    }
    return nullptr;
  }

  bool expect(TokenKind wanted, const char* message) {
    if (kind() != wanted) return fail(message) != nullptr;
    advance();
    return true;
  }

  // Null children mean that something failed below.
  NodePtr make(Node node) {
    for (const auto& child : node.children) {
      if (child == nullptr) return nullptr;
      node.height = std::max(node.height, child->height + 1);
    }
    if (node.height > limits_.depth_max) return fail("the expression is nested too deep: split it", Fault::over_limit);
    return std::make_shared<const Node>(std::move(node));
  }
  // It stands where its first child does, or else here.
  NodePtr make(NodeKind kind, std::vector<NodePtr> children = {}) {
    Node node;
    node.kind = kind;
    const bool has_first = !children.empty() && children.front() != nullptr;
    node.position = has_first ? children.front()->position : token().position;
    node.children = std::move(children);
    return make(std::move(node));
  }

  // `!x` or `&x`.
  NodePtr sign(NodeKind kind, int power) {
    Node node;
    node.kind = kind;
    node.position = token().position;
    advance();
    node.children = {expression(power)};
    return make(std::move(node));
  }

  NodePtr current() {
    NodePtr node = make(NodeKind::current);
    advance();
    return node;
  }

  NodePtr expression(int power) {
    if (depth_ >= limits_.depth_max) return fail("the expression is nested too deep: split it", Fault::over_limit);
    ++depth_;
    NodePtr left = prefix();
    while (left != nullptr && power < power_of(kind())) left = infix(std::move(left));
    --depth_;
    return left;
  }

  NodePtr prefix() {
    switch (kind()) {
      case TokenKind::literal:
        return literal();
      case TokenKind::name:
        return kind(1) == TokenKind::left_paren ? call() : field();
      case TokenKind::quoted_name:
        if (kind(1) == TokenKind::left_paren) return fail("a function's name stands without quotes");
        return field();
      case TokenKind::current:
        return current();
      case TokenKind::star:
        return object_projection(make(NodeKind::current));
      case TokenKind::filter:
        return filter_projection(make(NodeKind::current));
      case TokenKind::flatten:
        return flatten(make(NodeKind::current));
      case TokenKind::left_brace:
        return object();
      case TokenKind::left_bracket:
        return bracket_prefix();
      case TokenKind::left_paren:
        return parenthesised();
      case TokenKind::negation:
        return sign(NodeKind::negation, negation_power);
      case TokenKind::ampersand:
        return sign(NodeKind::expression, nothing);
      default:
        return fail("here a value is missing: a name, a literal, @, a function …");
    }
  }

  NodePtr infix(NodePtr left) {
    switch (kind()) {
      case TokenKind::dot:
        return dot(std::move(left));
      case TokenKind::pipe:
        advance();
        return make(NodeKind::sequence, {left, expression(pipe_power)});
      case TokenKind::either:
        advance();
        return make(NodeKind::either, {left, expression(either_power)});
      case TokenKind::both:
        advance();
        return make(NodeKind::both, {left, expression(both_power)});
      case TokenKind::filter:
        return filter_projection(std::move(left));
      case TokenKind::flatten:
        return flatten(std::move(left));
      case TokenKind::left_bracket:
        return bracket_infix(std::move(left));
      case TokenKind::star:
        return fail("* needs a . or a [ before it");
      default:
        return comparison(std::move(left));
    }
  }

  NodePtr literal() {
    Node node;
    node.kind = NodeKind::literal;
    node.position = token().position;
    node.value = token().value;
    advance();
    return make(std::move(node));
  }

  NodePtr field() {
    Node node;
    node.kind = NodeKind::field;
    node.position = token().position;
    node.name = token().value.get<std::string>();
    advance();
    return make(std::move(node));
  }

  NodePtr parenthesised() {
    advance();
    NodePtr inside = expression(nothing);
    if (inside == nullptr || !expect(TokenKind::right_paren, "a ) is missing")) return nullptr;
    return inside;
  }

  NodePtr dot(NodePtr left) {
    advance();
    if (kind() == TokenKind::star) return object_projection(std::move(left));
    return make(NodeKind::sequence, {left, after_dot(dot_power)});
  }

  NodePtr after_dot(int power) {
    switch (kind()) {
      case TokenKind::name:
      case TokenKind::quoted_name:
      case TokenKind::star:
        return expression(power);
      case TokenKind::left_bracket:
        return list();
      case TokenKind::left_brace:
        return object();
      default:
        return fail("after a . there must be a name, *, [ or {");
    }
  }

  // What a projection does with each element.
  NodePtr projected(int power) {
    if (power_of(kind()) < projection_stop) return make(NodeKind::current);
    if (kind() == TokenKind::left_bracket || kind() == TokenKind::filter) return expression(power);
    if (kind() != TokenKind::dot) return fail("after this a . or a [ must follow");
    advance();
    return after_dot(power);
  }

  NodePtr object_projection(NodePtr left) {
    advance();
    NodePtr right = kind() == TokenKind::right_bracket ? make(NodeKind::current) : projected(star_power);
    return make(NodeKind::object_projection, {std::move(left), std::move(right)});
  }

  NodePtr flatten(NodePtr left) {
    advance();
    NodePtr flat = make(NodeKind::flatten, {std::move(left)});
    return make(NodeKind::list_projection, {std::move(flat), projected(flatten_power)});
  }

  NodePtr filter_projection(NodePtr left) {
    advance();
    NodePtr condition = expression(nothing);
    if (condition == nullptr || !expect(TokenKind::right_bracket, "a ] is missing")) return nullptr;
    NodePtr right = kind() == TokenKind::flatten ? make(NodeKind::current) : projected(filter_power);
    return make(NodeKind::filter_projection, {std::move(left), std::move(right), std::move(condition)});
  }

  bool at_index() const { return kind() == TokenKind::number || kind() == TokenKind::colon; }

  NodePtr bracket_prefix() {
    if (kind(1) == TokenKind::number || kind(1) == TokenKind::colon ||
        (kind(1) == TokenKind::star && kind(2) == TokenKind::right_bracket)) {
      return bracket_infix(make(NodeKind::current));
    }
    return list();
  }

  NodePtr bracket_infix(NodePtr left) {
    advance();
    if (at_index()) return index(std::move(left));
    if (!expect(TokenKind::star, "in [ ] there must be an index, a slice or *") ||
        !expect(TokenKind::right_bracket, "a ] is missing")) {
      return nullptr;
    }
    return make(NodeKind::list_projection, {std::move(left), projected(star_power)});
  }

  NodePtr index(NodePtr left) {
    if (kind() == TokenKind::colon || kind(1) == TokenKind::colon) return slice(std::move(left));
    Node node;
    node.kind = NodeKind::index;
    node.position = token().position;
    node.number = token().value.get<std::int64_t>();
    advance();
    if (!expect(TokenKind::right_bracket, "a ] is missing")) return nullptr;
    return make(NodeKind::sequence, {std::move(left), make(std::move(node))});
  }

  NodePtr slice(NodePtr left) {
    Node node;
    node.kind = NodeKind::slice;
    node.position = token().position;
    std::size_t part = 0;
    bool filled = false;
    for (; kind() != TokenKind::right_bracket; advance()) {
      if (kind() == TokenKind::colon && part < 2) {
        ++part;
        filled = false;
      } else if (kind() == TokenKind::number && !filled) {
        node.parts[part] = token().value.get<std::int64_t>();
        filled = true;
      } else {
        return fail("a slice is [from:to:step], of integers");
      }
    }
    advance();
    if (node.parts[2] == 0) return fail_at(node.position, "the step of a slice must not be 0", Fault::invalid_value);
    NodePtr cut = make(NodeKind::sequence, {std::move(left), make(std::move(node))});
    return make(NodeKind::list_projection, {std::move(cut), projected(star_power)});
  }

  NodePtr comparison(NodePtr left) {
    Node node;
    node.kind = NodeKind::comparison;
    node.position = token().position;
    switch (kind()) {
      case TokenKind::unequal:
        node.comparison = Comparison::unequal;
        break;
      case TokenKind::less:
        node.comparison = Comparison::less;
        break;
      case TokenKind::at_most:
        node.comparison = Comparison::at_most;
        break;
      case TokenKind::more:
        node.comparison = Comparison::more;
        break;
      case TokenKind::at_least:
        node.comparison = Comparison::at_least;
        break;
      default:
        break;
    }
    advance();
    node.children = {std::move(left), expression(comparison_power)};
    return make(std::move(node));
  }

  NodePtr list() {
    Node node;
    node.kind = NodeKind::list;
    node.position = token().position;
    do {
      advance();
      node.children.push_back(expression(nothing));
      if (node.children.back() == nullptr) return nullptr;
    } while (kind() == TokenKind::comma);
    if (!expect(TokenKind::right_bracket, "a , or a ] is missing")) return nullptr;
    return make(std::move(node));
  }

  NodePtr object() {
    Node node;
    node.kind = NodeKind::object;
    node.position = token().position;
    do {
      advance();
      if (kind() != TokenKind::name && kind() != TokenKind::quoted_name) return fail("here a member's name is missing");
      node.names.push_back(token().value.get<std::string>());
      advance();
      if (!expect(TokenKind::colon, "after a member's name a : must follow")) return nullptr;
      node.children.push_back(expression(nothing));
      if (node.children.back() == nullptr) return nullptr;
    } while (kind() == TokenKind::comma);
    if (!expect(TokenKind::right_brace, "a , or a } is missing")) return nullptr;
    return make(std::move(node));
  }

  NodePtr call() {
    Node node;
    node.kind = NodeKind::call;
    node.position = token().position;
    node.name = token().value.get<std::string>();
    advance();
    do {
      advance();
      if (node.children.empty() && kind() == TokenKind::right_paren) break;
      node.children.push_back(expression(nothing));
      if (node.children.back() == nullptr) return nullptr;
    } while (kind() == TokenKind::comma);
    if (!expect(TokenKind::right_paren, "a , or a ) is missing")) return nullptr;
    node.function = find_function(node.name);
    if (node.function == nullptr) {
      return fail_at(node.position,
                     "there is no function " + node.name + "()" + did_you_mean(nearest(node.name, function_names())),
                     Fault::unknown_function);
    }
    if (auto wrong = arity_fault(*node.function, node.children.size()); !wrong.empty()) {
      return fail_at(node.position, std::move(wrong), Fault::invalid_arity);
    }
    return make(std::move(node));
  }

  std::vector<Token> tokens_;
  const Limits& limits_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::optional<Error> fault_;
};

}  // namespace

Result<std::shared_ptr<const Node>> parse(std::string_view expression, const Limits& limits) {
  if (expression.size() > limits.expression_bytes_max) {
    return fault_error(
        Fault::over_limit, 0,
        "the expression is too long: use at most " + std::to_string(limits.expression_bytes_max) + " bytes");
  }
  auto tokens = tokens_of(expression);
  if (!tokens) return tokens.error();
  return Parser{std::move(*tokens), limits}.run();
}

}  // namespace carillon::jmespath
