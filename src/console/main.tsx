import { createRoot } from 'react-dom/client';
import { Console } from './app/console.tsx';
import './style.css';

const root = document.getElementById('console');
if (root !== null) createRoot(root).render(<Console />);
