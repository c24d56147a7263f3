"""Gymnasium's pendulum with a load that its controller does not know, as a plant of `loihi`.

Needs Gymnasium: python3 -m pip install gymnasium

The pendulum follows two sines about its upright position. A PD controller compensates the weight of the bare pendulum;
the load's is what the network learns to add. `loihi run gym_pendulum.toml` says by how much that reduces the error.
"""

import json
import math
import sys

try:
    import gymnasium
except ImportError:
    sys.exit("Gymnasium is missing: install it with `python3 -m pip install gymnasium`")

LOAD_KG = 1.0  # unknown to the controller; the bare pendulum weighs 1 kg
STIFFNESS_NM = 40.0  # torque per rad of error
DAMPING_NMS = 8.0  # torque per rad/s of error
TORQUE_NM = 10.0  # of an action of 1
STEP_S = 0.001
SENSED = (1.6, 3.0)  # angle and angular velocity that are sensed as 1, in rad and rad/s


def reference(seconds):
    """Angle from upright and angular velocity that the pendulum should have."""
    angle, velocity = 0.0, 0.0
    for amplitude, hertz in ((0.8, 0.25), (0.4, 0.4)):
        phase = math.tau * hertz * seconds
        angle += amplitude * math.sin(phase)
        velocity += amplitude * math.tau * hertz * math.cos(phase)
    return angle, velocity


class Pendulum:
    def __init__(self):
        self.env = gymnasium.make("Pendulum-v1").unwrapped
        self.bare_kg = self.env.m
        self.env.m += LOAD_KG
        self.env.dt = STEP_S
        self.env.max_torque = 40.0

    def reset(self, seed):
        self.env.reset(seed=seed, options={"x_init": 0.1, "y_init": 0.1})
        self.steps = 0

    def state(self):
        angle, velocity = map(float, self.env.state)
        return (angle + math.pi) % math.tau - math.pi, velocity

    def feedback(self):
        """Torque of the PD controller."""
        (angle, velocity), (angle_ref, velocity_ref) = self.state(), reference(self.steps * STEP_S)
        return STIFFNESS_NM * (angle_ref - angle) + DAMPING_NMS * (velocity_ref - velocity)

    def step(self, action):
        """Moves; returns the distance from the reference, and Gymnasium's reward."""
        weight = self.bare_kg * self.env.g * self.env.l / 2 * math.sin(self.state()[0])
        _, reward, _, _, _ = self.env.step([self.feedback() - weight + TORQUE_NM * action])
        self.steps += 1
        return reference(self.steps * STEP_S)[0] - self.state()[0], float(reward)

    def observation(self):
        sensed = [value / scale for value, scale in zip(self.state(), SENSED)]
        # What the controller still adds is what the action lacks.
        return {"sensed": sensed, "error": [-self.feedback() / TORQUE_NM]}


def main():
    pendulum = Pendulum()
    for line in sys.stdin:
        asked = json.loads(line)
        if "plant" in asked:
            continue
        answer = {}
        if "reset" in asked:
            pendulum.reset(asked["reset"])
        else:
            answer["cost"], answer["reward"] = pendulum.step(asked["action"][0])
        print(json.dumps(pendulum.observation() | answer), flush=True)


main()
