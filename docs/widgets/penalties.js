/**
 * The arithmetic of the penalties: no page, no drawing, so that every widget can import it and every test can run it.
 *
 * Conventions are those of Keras: the penalty is `l1 · Σ|w|` and `l2 · Σw²`, without a ½. "Weights" are a flat array of
 * numbers, as many as you like, unitless (features are standardized). Factors are numbers, zero or greater.
 *
 * The two optima below belong to one problem:
 *
 *     minimise over w:  Σ(w − v)² + penalty(w)
 *
 * which is mean squared error plus penalty when the features are standardized and uncorrelated (XᵀX = n·I); v is then
 * the least-squares solution, and each weight can be found on its own.
 */

function checkFactor(name, factor) {
  if (!(factor >= 0 && factor < Infinity)) {
    throw new RangeError(`${name} must be a finite number, zero or greater, got ${factor}`);
  }
}

/**
 * The L1 penalty, l1 · Σ|w|.
 *
 * @param {number[]} weights any length
 * @param {number} l1 regularization factor, zero or greater
 * @returns {number} what Keras adds to the loss, in the unit of the loss
 *
 * Source: Keras 3, `keras.regularizers.L1`.
 */
export function l1Penalty(weights, l1) {
  checkFactor("l1", l1);
  return l1 * weights.reduce((sum, weight) => sum + Math.abs(weight), 0);
}

/**
 * The L2 penalty, l2 · Σw².
 *
 * @param {number[]} weights any length
 * @param {number} l2 regularization factor, zero or greater
 * @returns {number} what Keras adds to the loss, in the unit of the loss
 *
 * Source: Keras 3, `keras.regularizers.L2`.
 */
export function l2Penalty(weights, l2) {
  checkFactor("l2", l2);
  return l2 * weights.reduce((sum, weight) => sum + weight * weight, 0);
}

/**
 * L1 and L2 together, l1 · Σ|w| + l2 · Σw².
 *
 * @param {number[]} weights any length
 * @param {number} l1 factor of the L1 part, zero or greater
 * @param {number} l2 factor of the L2 part, zero or greater
 * @returns {number} what Keras adds to the loss, in the unit of the loss
 *
 * Source: Keras 3, `keras.regularizers.L1L2`.
 */
export function l1l2Penalty(weights, l1, l2) {
  return l1Penalty(weights, l1) + l2Penalty(weights, l2);
}

/**
 * Move each weight towards zero by `threshold`, stopping at zero.
 *
 *     S(w, t) = sign(w) · max(|w| − t, 0)
 *
 * The optimum of the problem above under L1 is `softThreshold(v, l1 / 2)`; the ½ comes from the derivative of the square.
 *
 * @param {number[]} weights any length
 * @param {number} threshold zero or greater, in the unit of the weights
 * @returns {number[]} as many as `weights`; where |w| ≤ threshold exactly 0 (never −0)
 *
 * Source: Parikh and Boyd (2014), Proximal Algorithms, section 6.5.2.
 */
export function softThreshold(weights, threshold) {
  checkFactor("threshold", threshold);
  return weights.map((weight) => {
    const size = Math.abs(weight) - threshold;
    return size > 0 ? Math.sign(weight) * size : 0;
  });
}

/**
 * Divide each weight by 1 + l2: the optimum of the problem above under L2.
 *
 * @param {number[]} weights any length, the solution without a penalty
 * @param {number} l2 regularization factor, zero or greater
 * @returns {number[]} as many as `weights`; zero only where the weight was zero before
 *
 * Source: Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning, table 3.4.
 */
export function ridgeShrinkage(weights, l2) {
  checkFactor("l2", l2);
  return weights.map((weight) => weight / (1 + l2));
}
