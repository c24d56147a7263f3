//! Plants by name: those that are built in, and those that a program registers.

use super::{PLANTS, Plant, PlantError};
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::sync::{PoisonError, RwLock};

/// A kind of plant. Those that are built in are [`PLANTS`]; others are made in the same way, and known to files after
/// [`register`]:
///
/// ```
/// use loihi_plant::{Observation, Plant, PlantError, PlantSpec, PlantType, Ports, register};
///
/// /// A tank that fills by what the network gives, up to `goal`.
/// #[derive(Debug, serde::Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Tank {
///     goal: f64,
///     #[serde(skip)]
///     level: f64,
/// }
///
/// impl Tank {
///     fn observation(&self) -> Observation {
///         let missing = self.goal - self.level;
///         // A level that is too low: an action that is too small.
///         Observation { sensed: vec![self.level], error: vec![-missing], cost: Some(missing), ..Observation::default() }
///     }
/// }
///
/// impl Plant for Tank {
///     fn ports(&self) -> Ports {
///         Ports { sensed: 1, actions: 1, errors: 1 }
///     }
///
///     fn reset(&mut self, _seed: u32) -> Result<Observation, PlantError> {
///         self.level = 0.0;
///         Ok(self.observation())
///     }
///
///     fn step(&mut self, action: &[f64]) -> Result<Observation, PlantError> {
///         self.level += 0.01 * action.iter().sum::<f64>();
///         Ok(self.observation())
///     }
/// }
///
/// register(PlantType::new::<Tank>("tank", "a tank that is filled", "goal = 0.5\n"))?;
/// let spec: PlantSpec = toml::from_str("plant = \"tank\"\ngoal = 0.5\n")?;
/// assert_eq!(spec.open()?.reset(0)?.cost, Some(0.5));
/// assert!(toml::from_str::<PlantSpec>("plant = \"tank\"\ngaol = 0.5\n").unwrap_err().to_string().contains("gaol"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct PlantType {
    /// Its name in files.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// Its parameters as lines of TOML that can be copied and changed.
    pub parameters: &'static str,
    make: fn(toml::Table) -> Result<Box<dyn Plant>, toml::de::Error>,
}

impl PlantType {
    /// A plant that is read from its parameters, without its state. The type refuses unknown keys
    /// (`#[serde(deny_unknown_fields)]`), and keeps for [`Plant::reset`] what takes time or can fail.
    pub const fn new<P: Plant + DeserializeOwned + 'static>(
        name: &'static str,
        about: &'static str,
        parameters: &'static str,
    ) -> Self {
        Self { name, about, parameters, make: make::<P> }
    }

    /// The plant of this name.
    ///
    /// # Errors
    /// [`PlantError::Unknown`] lists those that there are.
    pub fn named(name: &str) -> Result<Self, PlantError> {
        let plants = plants();
        plants.iter().copied().find(|plant| plant.name == name).ok_or_else(|| PlantError::Unknown {
            name: name.to_owned(),
            there: plants.iter().map(|plant| plant.name).collect(),
        })
    }

    /// The plant with these parameters.
    ///
    /// # Errors
    /// [`PlantError::Parameters`] names the key.
    pub fn open(&self, parameters: toml::Table) -> Result<Box<dyn Plant>, PlantError> {
        (self.make)(parameters)
            .map_err(|error| PlantError::Parameters { plant: self.name, why: error.message().replace('\n', " ") })
    }
}

impl fmt::Debug for PlantType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

fn make<P: Plant + DeserializeOwned + 'static>(parameters: toml::Table) -> Result<Box<dyn Plant>, toml::de::Error> {
    P::deserialize(parameters).map(|plant| Box::new(plant) as Box<dyn Plant>)
}

static REGISTERED: RwLock<Vec<PlantType>> = RwLock::new(Vec::new());

/// Makes a plant known by its name to all files that this process reads from now on.
///
/// # Errors
/// [`PlantError::Taken`].
pub fn register(plant: PlantType) -> Result<(), PlantError> {
    let mut registered = REGISTERED.write().unwrap_or_else(PoisonError::into_inner);
    if PLANTS.iter().chain(&*registered).any(|other| other.name == plant.name) {
        return Err(PlantError::Taken(plant.name));
    }
    registered.push(plant);
    Ok(())
}

/// All plants: those that are built in, then those that were registered, in that order.
pub fn plants() -> Vec<PlantType> {
    let registered = REGISTERED.read().unwrap_or_else(PoisonError::into_inner);
    PLANTS.iter().chain(&*registered).copied().collect()
}

fn names(plants: &[PlantType]) -> String {
    plants.iter().map(|plant| plant.name).collect::<Vec<_>>().join(", ")
}

/// A plant as a table of a file says it: `plant = "NAME"`, and the plant's own parameters. What is wrong with them is an error
/// of the file.
#[derive(Clone, Debug)]
pub struct PlantSpec {
    plant: PlantType,
    parameters: toml::Table,
}

impl PlantSpec {
    /// Takes a table with a key `plant`.
    ///
    /// # Errors
    /// [`PlantError::Unknown`], [`PlantError::Parameters`].
    pub fn new(mut table: toml::Table) -> Result<Self, PlantError> {
        let name = match table.remove("plant") {
            Some(toml::Value::String(name)) => name,
            Some(other) => other.to_string(),
            None => return Err(PlantError::Unnamed(names(&plants()))),
        };
        let plant = PlantType::named(&name)?;
        plant.open(table.clone())?;
        Ok(Self { plant, parameters: table })
    }

    /// Its kind.
    pub fn plant(&self) -> PlantType {
        self.plant
    }

    /// The plant.
    ///
    /// # Errors
    /// [`PlantError::Parameters`].
    pub fn open(&self) -> Result<Box<dyn Plant>, PlantError> {
        self.plant.open(self.parameters.clone())
    }
}

impl PartialEq for PlantSpec {
    fn eq(&self, other: &Self) -> bool {
        self.plant.name == other.plant.name && self.parameters == other.parameters
    }
}

impl<'de> Deserialize<'de> for PlantSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(toml::Table::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for PlantSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut table = self.parameters.clone();
        table.insert("plant".to_owned(), self.plant.name.into());
        table.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        toml::from_str::<PlantSpec>(text).unwrap_err().to_string()
    }

    #[test]
    fn parameters_of_every_plant_make_it_and_refuse_another_key() {
        for plant in PLANTS {
            let text = format!("plant = \"{}\"\n{}", plant.name, plant.parameters);
            let spec: PlantSpec = toml::from_str(&text).unwrap_or_else(|error| panic!("{plant:?}: {error}"));
            assert!(spec.open().unwrap().ports().actions > 0);
            let said = refused(&format!("{text}not_a_parameter = 1\n"));
            assert!(said.contains("not_a_parameter") && said.contains(plant.name), "{said}");
            let written = toml::to_string(&spec).unwrap();
            assert_eq!(toml::from_str::<PlantSpec>(&written).unwrap(), spec);
        }
    }

    #[test]
    fn a_plant_is_named() {
        assert!(
            refused("").contains("add `plant = \"…\"`; there are: pendulum, arm, sine, sines, choice, process"),
            "{}",
            refused("")
        );
        let said = refused("plant = \"pendulm\"\n");
        assert!(
            said.contains("unknown plant `pendulm`: did you mean `pendulum`? There are: pendulum, arm, sine, sines, choice, process"),
            "{said}"
        );
        assert!(refused("plant = 3\n").contains("unknown plant `3`"));
    }

    #[test]
    fn a_name_is_registered_once() {
        let again = PlantType::new::<crate::pendulum::Pendulum>("pendulum", "another", "");
        assert_eq!(
            register(again).unwrap_err().to_string(),
            "there is a plant `pendulum` already: give yours another name"
        );
        assert_eq!(plants().len(), PLANTS.len());
    }
}
