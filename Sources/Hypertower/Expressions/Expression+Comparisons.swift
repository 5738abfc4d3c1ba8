/// Functions that are made of comparisons, for formulas of update rules.
extension Expression {
  /// This number, or `least` if that is greater.
  public func atLeast(_ least: Expression) -> Expression {
    .select(isLess(than: least), least, self)
  }

  /// This number, or `most` if that is less.
  public func atMost(_ most: Expression) -> Expression {
    .select(most.isLess(than: self), most, self)
  }

  /// The absolute value; its derivative at 0 is 1.
  public var magnitude: Expression { .select(isLess(than: 0), -self, self) }

  /// 1, 0 or −1, and NaN for NaN, so that a gradient that is not a number does not go unseen; the derivative
  /// is 0.
  public var sign: Expression {
    .select(
      isEqual(to: self), Expression.constant(0).isLess(than: self) - isLess(than: 0),
      .constant(.nan))
  }

  /// 1 for a finite number, 0 for an infinite one and for NaN.
  public var isFinite: Expression { (self - self).isEqual(to: 0) }
}
