"""The estimator behind the similarity to past openings."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data


class ClassifieurRessemblance(ClassifierMixin, BaseEstimator):
    """Gradient boosting that is monotone where asked, with probabilities calibrated on folds it has not seen.

    Platt's sigmoid keeps the order of the scores and their ties, which isotonic steps would not.

    Parameters: monotonie, one of -1, 0, 1 a feature, or None; plis, folds of the calibration (fewer when a class is
    too small, none under two); the others are those of HistGradientBoostingClassifier. NaN is a value of its own.
    """

    def __init__(
        self,
        monotonie=None,
        plis=3,
        max_iter=200,
        learning_rate=0.05,
        max_leaf_nodes=15,
        min_samples_leaf=40,
        l2_regularization=1.0,
        random_state=None,
    ):
        self.monotonie = monotonie
        self.plis = plis
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.random_state = random_state

    def fit(self, X, y):  # noqa: N803 (scikit-learn's own name)
        """X (n, k), y (n,) of two classes -> self. Raises ValueError on any other target."""
        X, y = validate_data(self, X, y, ensure_all_finite="allow-nan")  # noqa: N806
        check_classification_targets(y)
        if type_of_target(y) != "binary":
            raise ValueError(
                "Only binary classification is supported. The type of the target is " + type_of_target(y) + "."
            )
        self.classes_, counts = np.unique(y, return_counts=True)
        if len(self.classes_) < 2:
            raise ValueError("Classifier can't train when only one class is present.")
        self.connues_ = ~np.isnan(X).all(axis=0)  # a column that nothing fills teaches nothing, and cannot be binned
        if not self.connues_.any():
            raise ValueError("Every feature is missing in every row.")
        monotone = None if self.monotonie is None else np.asarray(self.monotonie)[self.connues_]
        boosting = HistGradientBoostingClassifier(
            max_iter=self.max_iter,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            l2_regularization=self.l2_regularization,
            monotonic_cst=monotone,
            early_stopping=False,
            random_state=self.random_state,
        )
        folds = min(self.plis, int(counts.min()))
        if folds >= 2:
            split = StratifiedKFold(folds, shuffle=True, random_state=self.random_state)
            boosting = CalibratedClassifierCV(boosting, method="sigmoid", cv=split, ensemble=False)
        self.modele_ = boosting.fit(X[:, self.connues_], y)
        self.n_iter_ = self.max_iter
        return self

    def predict_proba(self, X):  # noqa: N803
        """Calibrated probabilities (n, 2), columns in the order of classes_."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, ensure_all_finite="allow-nan")  # noqa: N806
        return self.modele_.predict_proba(X[:, self.connues_])

    def predict(self, X):  # noqa: N803
        """The likelier class of each row (n,)."""
        check_is_fitted(self)
        return self.classes_[(self.predict_proba(X)[:, 1] > 0.5).astype(int)]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags
