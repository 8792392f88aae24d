"""The physics and the file of the demo."""

from __future__ import annotations

import numpy as np
import pytest

from cmsml_tasks.recipes import dimuon, split
from cmsml_tasks.recipes.demo import DimuonResonance


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo") / "events.npz"
    DimuonResonance.generate(path)
    return path


@pytest.fixture(scope="module")
def columns(path):
    with np.load(path) as file:
        return dict(file)


def reconstructed_mass(columns):
    return np.sqrt(
        2
        * columns["mu1_pt"]
        * columns["mu2_pt"]
        * (np.cosh(columns["mu1_eta"] - columns["mu2_eta"]) - np.cos(columns["delta_phi"]))
    )


def test_decay_conserves_four_momentum_and_gives_muons():
    rng = np.random.default_rng(1)
    count = 2000
    mass, pt = rng.uniform(20, 500, count), rng.uniform(0, 300, count)
    azimuth, rapidity = rng.uniform(-np.pi, np.pi, count), rng.uniform(-3, 3, count)
    cosine, angle = rng.uniform(-1, 1, count), rng.uniform(-np.pi, np.pi, count)
    first, second = dimuon.decay(mass, pt, azimuth, rapidity, cosine, angle)
    for muon in (first, second):
        invariant = muon[:, 0] ** 2 - (muon[:, 1:] ** 2).sum(axis=1)
        scale = muon[:, 0] ** 2
        assert np.abs(invariant - dimuon.MUON_MASS**2).max() < 1e-9 * scale.max()
    total = first + second
    pair_mass = np.sqrt(total[:, 0] ** 2 - (total[:, 1:] ** 2).sum(axis=1))
    assert pair_mass == pytest.approx(mass, rel=1e-9)
    assert total[:, 1] == pytest.approx(pt * np.cos(azimuth), abs=1e-9)
    assert total[:, 2] == pytest.approx(pt * np.sin(azimuth), abs=1e-9)
    assert np.arctanh(total[:, 3] / total[:, 0]) == pytest.approx(rapidity, abs=1e-9)


def test_angle_in_the_rest_frame_follows_one_plus_cosine_squared():
    uniform = (np.arange(100000) + 0.5) / 100000
    cosine = dimuon._one_plus_cosine_squared(uniform)
    assert np.abs(cosine).max() <= 1
    assert cosine.mean() == pytest.approx(0, abs=1e-6)
    assert (cosine**2).mean() == pytest.approx(0.4, abs=1e-4)
    assert (cosine**4).mean() == pytest.approx(9 / 35, abs=1e-4)


def test_masses_peak_at_the_resonance_and_at_the_z(columns):
    mass, signal = reconstructed_mass(columns), columns["is_signal"] == 1
    assert np.median(mass[signal]) == pytest.approx(dimuon.RESONANCE_MASS, rel=0.01)
    quartiles = np.percentile(mass[signal], [25, 75])
    # Broader than the natural width (half of a Breit-Wigner lies within it), by the resolution.
    assert dimuon.RESONANCE_WIDTH < np.ptp(quartiles) < 2 * dimuon.RESONANCE_WIDTH
    counts, edges = np.histogram(mass[~signal], bins=np.arange(60, 300, 2))
    assert edges[counts.argmax()] == pytest.approx(dimuon.Z_MASS, abs=2)
    tail = counts[(edges[:-1] >= 130)]
    assert tail[:10].sum() > 2 * tail[20:30].sum() > 0


def test_kinematics_are_within_acceptance_and_balanced(columns):
    for name, column in columns.items():
        assert np.isfinite(column).all(), name
    assert (columns["mu1_pt"] >= columns["mu2_pt"]).all()
    assert columns["mu2_pt"].min() >= 20
    for name in ("mu1_eta", "mu2_eta"):
        assert np.abs(columns[name]).max() <= 2.4
        assert columns[name].mean() == pytest.approx(0, abs=0.05)
    assert columns["delta_phi"].min() >= 0
    assert columns["delta_phi"].max() <= 3.142
    assert np.median(columns["delta_phi"]) > 2.4  # most pairs have little transverse momentum
    x, y = (
        sum(columns[f"mu{i}_pt"] * side(columns[f"mu{i}_phi"]) for i in (1, 2))
        for side in (np.cos, np.sin)
    )
    assert np.hypot(x, y).mean() < 60
    assert np.mean(x) == pytest.approx(0, abs=1.5)
    assert np.mean(y) == pytest.approx(0, abs=1.5)


def test_classes_are_equal_and_events_numbered(columns):
    assert columns["is_signal"].mean() == 0.5
    assert columns["event"].dtype == np.uint64
    assert len(set(columns["event"])) == len(columns["event"])


def test_file_has_the_same_bytes_every_time(path, tmp_path):
    DimuonResonance.generate(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()
    assert [entry.name for entry in tmp_path.iterdir()] == ["again.npz"]


def test_demo_is_read_back_by_the_ordinary_reader(path, columns):
    recipe = DimuonResonance()
    assert recipe.input_files() == []
    events = recipe.load([str(path)])
    assert events.inputs.shape == (len(columns["event"]), 10)
    assert np.array_equal(events.inputs[:, 0], columns["mu1_pt"])
    data = split(events, fold=1, folds=5)
    assert data.split["formulas"]["apply"] == "event % 5 == 1"
    assert data.features[0] == {"name": "mu1_pt", "padding": None}


def test_mass_alone_separates_as_the_physics_allows(columns):
    mass, signal = reconstructed_mass(columns), columns["is_signal"] == 1
    score = -np.abs(mass - dimuon.RESONANCE_MASS)
    rank = np.empty(len(score))
    rank[np.argsort(score)] = np.arange(len(score))
    area = 0.5 + (rank[signal].mean() - rank[~signal].mean()) / len(score)
    assert 0.88 < area < 0.95
