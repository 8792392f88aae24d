"""Simulated muon pairs: a heavy resonance against the Drell-Yan process.

Signal: Z' bosons of mass 150 GeV and width 5 GeV (Breit-Wigner). Background: Drell-Yan pairs, one
part from the Z peak and three parts from the tail above it, as in mass-binned simulation. Both
have spin 1: in the rest frame the muons follow 1 + cos(theta)^2. The pair has a falling transverse
momentum and a flat rapidity within the reach of its mass; the muons are boosted into the
laboratory, their momenta smeared by 1.2 % to 2.5 %, and both must lie within |eta| < 2.4 and above
20 GeV. Isolation and missing momentum are noise. The mass itself is no feature: a network has to
find it in the kinematics, and where the Drell-Yan tail lies under the resonance nothing tells the
two apart, so the ROC area stays below 1.

Numbers are drawn uniformly from PCG64 and transformed here, then rounded to 0.001 (MeV for GeV):
the bytes of the file do not depend on the version of numpy or the instruction set.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

MUON_MASS = 0.10566
Z_MASS, Z_WIDTH = 91.19, 2.50
RESONANCE_MASS, RESONANCE_WIDTH = 150.0, 5.0
BEAM_ENERGY = 13000.0
"""Centre-of-mass energy; like all masses, energies and momenta here in GeV."""


def simulate(events_per_class: int, seed: int = 20240501) -> dict[str, NDArray[Any]]:
    """Return the columns of the demo's file, shuffled, with as many events of either class.

    Momenta in GeV, angles in radians, float32; ``event`` uint64; ``is_signal`` uint8.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    kinds = [_events(random, events_per_class, signal) for signal in (False, True)]
    columns = {name: np.concatenate([kind[name] for kind in kinds]) for name in kinds[0]}
    order = np.argsort(random.random(2 * events_per_class))
    shuffled = {
        name: np.round(column[order], 3).astype(np.float32) for name, column in columns.items()
    }
    label = np.repeat(np.array([0, 1], np.uint8), events_per_class)[order]
    event = np.arange(1, 2 * events_per_class + 1, dtype=np.uint64)
    return {"event": event, "is_signal": label, **shuffled}


def _events(random: np.random.Generator, count: int, signal: bool) -> dict[str, Array]:
    """Draw events of one kind until *count* of them are accepted by the detector."""
    batches: list[dict[str, Array]] = []
    accepted = 0
    while accepted < count:
        batch = _detect(random, *_produce(random, 2 * count, signal))
        batches.append(batch)
        accepted += len(batch["mu1_pt"])
    return {name: np.concatenate([batch[name] for batch in batches])[:count] for name in batches[0]}


def _produce(random: np.random.Generator, count: int, signal: bool) -> tuple[Array, Array]:
    """Return the true four-vectors (E, px, py, pz) of both muons, each (count, 4)."""
    if signal:
        mass = _breit_wigner(random, count, RESONANCE_MASS, RESONANCE_WIDTH)
    else:
        peak = _breit_wigner(random, count, Z_MASS, Z_WIDTH)
        # The 1/m^2 of the photon times parton luminosities: about m^-4 above the peak.
        tail = 110.0 * (1 - 0.999 * random.random(count)) ** (-1 / 3)
        mass = np.where(random.random(count) < 0.25, peak, tail)
    pt = 0.12 * mass * np.sqrt((1 - 0.998 * random.random(count)) ** (-1 / 1.2) - 1)
    azimuth = _angle(random, count)
    reach = np.minimum(np.arccosh(BEAM_ENERGY / (2 * np.hypot(mass, pt))), 2.5)
    rapidity = reach * (2 * random.random(count) - 1)
    cosine = _one_plus_cosine_squared(random.random(count))
    return decay(mass, pt, azimuth, rapidity, cosine, _angle(random, count))


def decay(
    mass: Array, pt: Array, azimuth: Array, rapidity: Array, cosine: Array, angle: Array
) -> tuple[Array, Array]:
    """Return the four-vectors of two muons from a boson with this momentum, each (events, 4).

    *cosine* and *angle* are the polar cosine and the azimuth of the first muon in the rest frame.
    """
    momentum = np.sqrt(mass**2 / 4 - MUON_MASS**2)
    sine = np.sqrt(1 - cosine**2)
    direction = np.stack([sine * np.cos(angle), sine * np.sin(angle), cosine], axis=-1)
    transverse_mass = np.hypot(mass, pt)
    boson = np.stack(
        [pt * np.cos(azimuth), pt * np.sin(azimuth), transverse_mass * np.sinh(rapidity)], axis=-1
    )
    energy = transverse_mass * np.cosh(rapidity)

    def boosted(rest: Array) -> Array:
        along = (boson * rest).sum(axis=-1)
        lab_energy = (energy * mass / 2 + along) / mass
        lab = rest + boson * ((lab_energy + mass / 2) / (energy + mass))[:, None]
        return np.concatenate([lab_energy[:, None], lab], axis=-1)

    rest = momentum[:, None] * direction
    return boosted(rest), boosted(-rest)


def _detect(random: np.random.Generator, first: Array, second: Array) -> dict[str, Array]:
    """Smear, accept and order the muons; add jets, isolation and missing momentum."""
    muons = [_measure(random, muon) for muon in (first, second)]
    swap = muons[0]["pt"] < muons[1]["pt"]
    lead = {key: np.where(swap, muons[1][key], muons[0][key]) for key in muons[0]}
    trail = {key: np.where(swap, muons[0][key], muons[1][key]) for key in muons[0]}
    count = len(swap)
    met_x, met_y = (12.0 * _gaussian(random, count) for _ in range(2))
    pair_x, pair_y = first[:, 1] + second[:, 1], first[:, 2] + second[:, 2]
    recoil = np.hypot(pair_x, pair_y)
    columns = {
        "mu1_pt": lead["pt"],
        "mu1_eta": lead["eta"],
        "mu1_phi": lead["phi"],
        "mu2_pt": trail["pt"],
        "mu2_eta": trail["eta"],
        "mu2_phi": trail["phi"],
        "delta_phi": np.abs(_wrapped(lead["phi"] - trail["phi"])),
        "mu1_iso": -0.04 * np.log1p(-0.999 * random.random(count)),
        "mu2_iso": -0.04 * np.log1p(-0.999 * random.random(count)),
        "met": np.hypot(met_x, met_y),
        "met_dphi": np.abs(_wrapped(np.arctan2(met_y, met_x) - np.arctan2(pair_y, pair_x))),
        "n_jets": np.floor(-np.log1p(-0.999 * random.random(count)) * (0.4 + recoil / 60)),
    }
    accepted = (trail["pt"] > 20) & (np.abs(lead["eta"]) < 2.4) & (np.abs(trail["eta"]) < 2.4)
    return {name: column[accepted] for name, column in columns.items()}


def _measure(random: np.random.Generator, muon: Array) -> dict[str, Array]:
    pt = np.hypot(muon[:, 1], muon[:, 2])
    eta = np.arcsinh(muon[:, 3] / pt)
    resolution = np.where(np.abs(eta) < 1.2, 0.012, 0.025)
    smeared = pt * np.maximum(1 + resolution * _gaussian(random, len(pt)), 0.1)
    return {"pt": smeared, "eta": eta, "phi": np.arctan2(muon[:, 2], muon[:, 1])}


def _breit_wigner(random: np.random.Generator, count: int, mass: float, width: float) -> Array:
    """Masses within eight widths of the peak."""
    limit = np.arctan(16.0)
    masses: Array = mass + width / 2 * np.tan(limit * (2 * random.random(count) - 1))
    return masses


def _one_plus_cosine_squared(uniform: Array) -> Array:
    """Solve the cumulative distribution of 1 + c^2, ``(c^3 + 3 c + 4) / 8 = uniform``, for c."""
    half = 4 * uniform - 2
    root = np.sqrt(half**2 + 1)
    return np.cbrt(half + root) + np.cbrt(half - root)


def _gaussian(random: np.random.Generator, count: int) -> Array:
    radius: Array = np.sqrt(-2 * np.log1p(-random.random(count)))
    return radius * np.cos(2 * np.pi * random.random(count))


def _angle(random: np.random.Generator, count: int) -> Array:
    return np.pi * (2 * random.random(count) - 1)


def _wrapped(angle: Array) -> Array:
    return (angle + np.pi) % (2 * np.pi) - np.pi
